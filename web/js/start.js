// The first page: find a procedure, or follow a dossier.
import { Problem, call } from './api.js'
import { button, fill, h } from './dom.js'
import { pick, t } from './i18n.js'

const PAUSE = 300 // ms of not typing before a search

export async function page() {
  const search = searcher()
  await search.find()
  return {
    title: t('start.title'),
    content: [h('h1', {}, t('start.title')), h('p', { class: 'lead' }, t('start.lead')), search.element, follow()],
    leave: search.stop,
  }
}

function searcher() {
  const input = h('input', { type: 'search', id: 'q', name: 'q', autocomplete: 'off', enterkeyhint: 'search', maxlength: 200, oninput: soon })
  const list = h('ul', { class: 'cards' })
  const said = h('p', { class: 'hint', role: 'status' })
  const more = button(t('start.more'), () => find(more.cursor), { class: 'plain', hidden: true })
  let timer = 0
  let asked = 0

  function soon() {
    clearTimeout(timer)
    timer = setTimeout(find, PAUSE)
  }

  async function find(cursor) {
    const mine = (asked += 1)
    const words = input.value.trim()
    const query = `/procedures?limit=20&q=${encodeURIComponent(words)}${cursor ? `&cursor=${cursor}` : ''}`
    try {
      const page = await call('GET', query)
      if (mine === asked) show(page, words, cursor)
    } catch (error) {
      if (mine !== asked || !(error instanceof Problem)) return
      fill(said, error.message, ' ', button(t('again'), () => find(cursor), { class: 'link' }))
    }
  }

  function show(page, words, cursor) {
    const lines = page.items.map(card)
    if (cursor) lines.forEach((line) => list.appendChild(line))
    else fill(list, lines)
    more.cursor = page.next
    more.hidden = !page.next
    const count = list.children.length
    said.textContent = count ? (words ? t('start.found', { count }) : '') : t('start.none', { words })
  }

  function submit(event) {
    event.preventDefault()
    clearTimeout(timer)
    find()
  }

  const label = h('label', { for: 'q', class: 'big' }, t('start.search'))
  const go = h('button', { type: 'submit' }, t('start.go'))
  const form = h('form', { role: 'search', class: 'search', onsubmit: submit }, label, h('div', { class: 'pair' }, input, go))
  const stop = () => clearTimeout(timer)
  return { element: h('section', {}, form, said, list, more), find: () => find(), stop }
}

function card(line) {
  const link = h('a', { href: `#procedure=${line.code}` }, pick(line.name))
  return h('li', {}, link, h('p', { class: 'hint' }, `${pick(line.field)} · ${t('code_of', { code: line.code })}`))
}

function follow() {
  const text = (name) => {
    const control = h('input', { id: name, name, type: 'text', autocomplete: 'off', spellcheck: 'false', required: true, class: 'code' })
    return h('div', { class: 'field' }, h('label', { for: name }, t(`follow.${name}`)), h('p', { class: 'hint', id: `${name}-h` }, t(`follow.${name}.hint`)), control)
  }
  const go = (event) => {
    event.preventDefault()
    const { code, secret } = event.target.elements
    const fragment = { code: code.value.trim().toUpperCase(), secret: secret.value.trim() }
    location.hash = new URLSearchParams(fragment).toString()
  }
  const form = h('form', { onsubmit: go }, text('code'), text('secret'), h('button', { type: 'submit', class: 'plain' }, t('follow.go')))
  return h('section', { class: 'panel' }, h('h2', {}, t('follow.title')), form)
}
