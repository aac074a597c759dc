// A form from a JSON Schema. A control's name is the JSON Pointer of its value, so that a fault
// the server points at is found again.
import { number, tidied } from './check.js'
import { button, fill, focusOn, h } from './dom.js'
import { pick, t, words } from './i18n.js'

const FEW = 5 // choices shown at once; more go into a list
const LONG = 200 // characters from which a text gets several lines

export const idOf = (pointer) => `f${pointer.replace(/[^A-Za-z0-9]/g, '-')}`

/** A field, or a fieldset with all its fields. */
export function field(schema, pointer, required) {
  if (schema.type === 'object') return group(schema, pointer, required, objectFields(schema, pointer))
  if (schema.type === 'array') return list(schema, pointer, required)
  if (schema.format === 'date') return group(schema, pointer, required, dateParts(pointer))
  if (schema.enum && schema.enum.length <= FEW) return group(schema, pointer, required, radios(schema, pointer))
  if (schema.type === 'boolean') return group(schema, pointer, required, radios(yesNo(), pointer))
  const control = schema.enum ? select(schema, pointer) : input(schema, pointer)
  return labelled(schema, pointer, required, control)
}

function labelled(schema, pointer, required, control) {
  const id = idOf(pointer)
  control.id = `${id}-c`
  const hint = hintOf(schema, id)
  if (hint) control.setAttribute('aria-describedby', hint.id)
  return h('div', { class: 'field', id }, h('label', { for: control.id }, titleOf(schema, required)), hint, control)
}

function titleOf(schema, required) {
  return [words(schema, 'title'), required ? null : h('span', { class: 'optional' }, ` ${t('optional')}`)]
}

function hintOf(schema, id) {
  const text = words(schema, 'description')
  return text ? h('p', { class: 'hint', id: `${id}-h` }, text) : null
}

function group(schema, pointer, required, content) {
  const id = idOf(pointer)
  const hint = hintOf(schema, id)
  const kind = schema.type === 'object' ? 'section' : 'field'
  const legend = h('legend', {}, titleOf(schema, required))
  return h('fieldset', { class: kind, id, 'aria-describedby': hint && hint.id }, legend, hint, content)
}

function objectFields(schema, pointer) {
  const needed = schema.required || []
  return Object.entries(schema.properties).map(([name, inner]) =>
    field(inner, `${pointer}/${name}`, needed.includes(name)),
  )
}

function input(schema, pointer) {
  const digits = schema.type === 'integer' || isDigits(schema.pattern || 'a')
  const mode = digits ? 'numeric' : schema.type === 'number' ? 'decimal' : null
  const rows = schema.maxLength > LONG ? 3 : null
  return h(rows ? 'textarea' : 'input', {
    name: pointer,
    rows,
    type: rows ? null : 'text',
    inputmode: schema['x-inputmode'] || mode,
    autocomplete: schema['x-autocomplete'] || 'off',
    maxlength: mode ? null : schema.maxLength,
    class: schema.maxLength <= 20 || mode ? 'short' : null,
  })
}

/** Whether a keyboard of digits can type what fits a pattern. */
const isDigits = (pattern) => !/[a-zA-Z-]/.test(pattern.replace(/\[0-9\]/g, ''))

const labelOf = (schema, value) => pick((schema['x-labels'] || {})[value]) || String(value)

function select(schema, pointer) {
  const options = schema.enum.map((value) => h('option', { value }, labelOf(schema, value)))
  return h('select', { name: pointer }, h('option', { value: '' }, t('choose')), options)
}

function radios(schema, pointer) {
  return schema.enum.map((value, n) => {
    const id = `${idOf(pointer)}-${n}`
    const label = h('label', { for: id }, labelOf(schema, value))
    return h('div', { class: 'choice' }, h('input', { type: 'radio', id, name: pointer, value }), label)
  })
}

const yesNo = () => ({
  enum: ['true', 'false'],
  'x-labels': { true: { vi: t('yes') }, false: { vi: t('no') } },
})

function dateParts(pointer) {
  const part = (name, size) => {
    const id = `${idOf(pointer)}-${name}`
    const control = h('input', { id, name: `${pointer}#${name}`, type: 'text', inputmode: 'numeric', maxlength: size, autocomplete: 'off', class: `part${size}` })
    return h('div', {}, h('label', { for: id }, t(`date.${name}`)), control)
  }
  return h('div', { class: 'date' }, part('day', 2), part('month', 2), part('year', 4))
}

/** Several of one kind; `grow` on the element sets how many, for a draft that comes back. */
function list(schema, pointer, required) {
  const items = h('div', {})
  const count = h('input', { type: 'hidden', name: `${pointer}#count`, value: 0 })
  const grow = (wanted) => {
    while (items.children.length < Math.min(wanted, schema.maxItems || 99))
      items.appendChild(field(schema.items, `${pointer}/${items.children.length}`, true))
    while (items.children.length > wanted) items.removeChild(items.lastChild)
    count.value = items.children.length
    less.hidden = wanted < 1
    changed(count)
  }
  const more = button(t('list.more'), () => grow(items.children.length + 1), { class: 'plain' })
  const less = button(t('list.less'), () => grow(items.children.length - 1), { class: 'plain', hidden: true })
  count.addEventListener('restore', () => grow(Number(count.value)))
  if (schema.minItems) grow(schema.minItems)
  return group(schema, pointer, required, [count, items, h('p', { class: 'row' }, more, less)])
}

const changed = (control) => control.dispatchEvent(new Event('input', { bubbles: true }))

/** What was typed, as the schema wants it; undefined for nothing. */
export function read(form, schema, pointer) {
  if (schema.type === 'object') return readObject(form, schema, pointer)
  if (schema.type === 'array') return readList(form, schema, pointer)
  if (schema.format === 'date') return readDate(form, pointer)
  const text = value(form, pointer)
  if (!text.trim()) return undefined
  if (schema.type === 'boolean') return text === 'true'
  if (schema.type === 'integer' || schema.type === 'number') return number(schema, text)
  return schema.enum ? text : tidied(schema, text)
}

/** What a control, or the chosen one of several, holds as it stands; empty for none. */
export function value(form, name) {
  const control = form.elements.namedItem(name)
  if (!control || (control.type === 'radio' && !control.checked)) return ''
  return control.value
}

function readObject(form, schema, pointer) {
  const found = {}
  for (const [name, inner] of Object.entries(schema.properties)) {
    const given = read(form, inner, `${pointer}/${name}`)
    if (given !== undefined) found[name] = given
  }
  return Object.keys(found).length ? found : undefined
}

function readList(form, schema, pointer) {
  const count = Number(value(form, `${pointer}#count`))
  const found = Array.from({ length: count }, (_, n) => read(form, schema.items, `${pointer}/${n}`))
  return count ? found : undefined
}

function readDate(form, pointer) {
  const [year, month, day] = ['year', 'month', 'day'].map((part) => value(form, `${pointer}#${part}`).trim())
  if (!year && !month && !day) return undefined
  return [year, month.padStart(2, '0'), day.padStart(2, '0')].join('-')
}

/** All that was typed, by name, as it stands. */
export function typed(form) {
  const found = {}
  for (const control of form.elements)
    if (control.name && control.type !== 'file' && (control.type !== 'radio' || control.checked))
      found[control.name] = control.value
  return found
}

/** Put back what `typed` gave; lists first grow to the length they had. */
export function restore(form, fields) {
  const put = ([name, text]) => {
    const control = form.elements.namedItem(name)
    if (!control || value(form, name) === text) return
    if (control.type === 'radio') control.checked = control.value === text // one choice alone
    else control.value = text
    if (control instanceof Element) control.dispatchEvent(new Event('restore'))
  }
  Object.entries(fields).forEach(put)
  Object.entries(fields).forEach(put) // what stands in a list that has only now grown
}

/** Show what is wrong, at the fields and in a summary at the top that takes the focus. */
export function showFaults(form, summary, found, words) {
  clearFaults(form, summary)
  const lines = found.map(({ pointer, detail }) => line(form, pointer, detail))
  const title = h('h2', {}, words || t('faults', { count: found.length }))
  fill(summary, h('div', { class: 'faults', role: 'alert' }, title, lines.length ? h('ul', {}, lines) : null))
  focusOn(summary.firstChild)
}

export function clearFaults(form, summary) {
  fill(summary)
  form.querySelectorAll('.fault').forEach((each) => each.remove())
  form.querySelectorAll('[aria-invalid]').forEach((each) => each.removeAttribute('aria-invalid'))
}

/** A field that is being corrected, or the field of a paper that came, is marked no longer. */
export function forgive(control) {
  const at = control.closest('.field, .section')
  const fault = at && at.querySelector(`#${at.id}-e`)
  if (!fault) return
  fault.remove()
  at.querySelectorAll('[aria-invalid]').forEach((each) => each.removeAttribute('aria-invalid'))
}

function line(form, pointer, detail) {
  const at = closest(form, pointer)
  if (!at) return h('li', {}, detail)
  const section = at.parentElement.closest('.section')
  const label = [section, at].filter(Boolean).map(nameOf).join(' › ')
  const control = at.querySelector('input:not([type=hidden]), select, textarea, button') || at
  mark(at, detail)
  const go = (event) => {
    event.preventDefault() // the address names the page, not a place in it
    focusOn(control)
  }
  return h('li', {}, h('a', { href: `#${at.id}`, onclick: go }, `${label}: ${detail}`))
}

const nameOf = (part) => part.querySelector('label, legend').firstChild.textContent

/** The field a fault is about, or what it stands in. */
function closest(form, pointer) {
  for (let here = pointer; here; here = here.slice(0, here.lastIndexOf('/'))) {
    const found = form.querySelector(`#${idOf(here)}`)
    if (found) return found
  }
  return null
}

function mark(at, detail) {
  const id = `${at.id}-e`
  if (at.querySelector(`#${id}`)) return
  const before = at.querySelector('legend, label')
  const hint = at.querySelector(`#${at.id}-h`)
  ;(hint || before).insertAdjacentElement('afterend', h('p', { class: 'fault', id }, detail))
  const target = at.matches('fieldset') ? at : at.querySelector('input, select, textarea')
  const controls = at.matches('fieldset.section') ? [] : at.querySelectorAll('input, select, textarea')
  controls.forEach((each) => each.setAttribute('aria-invalid', 'true'))
  if (target) target.setAttribute('aria-describedby', hint ? `${hint.id} ${id}` : id)
}
