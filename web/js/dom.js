// Elements in one call; texts are always set as text, never as HTML.

/** An element; `on…` are listeners, `true` sets an empty attribute, null and false are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : value)
  }
  add(element, children)
  return element
}

function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(element, child)
    else if (child instanceof Node) element.appendChild(child)
    else if (child || child === 0) element.appendChild(document.createTextNode(child))
  }
}

/** Replace all that is in an element. */
export function fill(element, ...children) {
  element.textContent = ''
  add(element, children)
  return element
}

/** Move the keyboard and the screen reader to an element that is not a control. */
export function focusOn(element) {
  if (!element.matches('input, select, textarea, button, a')) element.tabIndex = -1
  element.focus()
  element.scrollIntoView({ block: element.matches('h1') ? 'end' : 'center' })
}

/** A list of terms: pairs of label and content; a pair without content is left out. */
export function terms(pairs) {
  const shown = pairs.filter(([, content]) => content)
  return h('dl', {}, shown.map(([label, content]) => h('div', {}, h('dt', {}, label), h('dd', {}, content))))
}

/** A button that cannot be pressed twice while it works. */
export function button(text, work, attributes) {
  const element = h('button', { type: 'button', ...attributes, onclick: run }, text)
  async function run() {
    if (element.getAttribute('aria-busy')) return
    element.setAttribute('aria-busy', 'true')
    try {
      await work(element)
    } finally {
      element.removeAttribute('aria-busy')
    }
  }
  return element
}
