// The shell: what stands around a page, and which page the address means.
import { Problem, call, session, signOut } from './api.js'
import { button, fill, focusOn, h } from './dom.js'
import * as drafts from './draft.js'
import { LANGUAGES, current, t, use } from './i18n.js'

const main = document.getElementById('main')
const at = (id) => document.getElementById(id)
let shown = {}
let asked = 0
let stage = ''

// Only the first page is needed at once; the others come when they are asked for.
const PAGES = {
  code: () => import('./track.js'),
  file: () => import('./file.js'),
  procedure: () => import('./procedure.js'),
  start: () => import('./start.js'),
}

const NEXT = { start: 'procedure', procedure: 'file' }

function address() {
  const params = new URLSearchParams(location.hash.slice(1))
  return [Object.keys(PAGES).find((name) => params.has(name)) || 'start', params]
}

/** Show the page of the address; `quiet` leaves the keyboard where it is. */
async function show(quiet) {
  const mine = (asked += 1)
  const [name, params] = address()
  if (shown.leave) shown.leave()
  shown = {}
  if (!quiet) fill(main, h('p', { class: 'wait', role: 'status' }, t('wait')))
  let page
  try {
    page = await (await PAGES[name]()).page(params, show)
  } catch (error) {
    page = failed(error)
  }
  if (mine !== asked) return page.leave && page.leave()
  shown = page
  fill(main, page.content)
  document.title = `${page.title} – ${t('brand')}`
  if (!quiet) arrive()
  if (NEXT[name] && !page.failed) PAGES[NEXT[name]]().catch(() => {}) // then it is there when it is wanted
}

function arrive() {
  window.scrollTo(0, 0)
  const heading = main.querySelector('[autofocus], h1')
  if (asked > 1 && heading) focusOn(heading)
}

function failed(error) {
  const ours = error instanceof Problem
  if (!ours) console.error(error)
  const words = ours ? error.message : t(navigator.onLine ? 'error.unknown' : 'error.network')
  // A module that did not come is asked for again only by a page loaded anew.
  const again = button(t('again'), () => (ours ? show() : location.reload()), { class: 'plain' })
  const title = t('error.title')
  const id = error.id ? h('p', { class: 'hint' }, t('error.id', { id: error.id })) : null
  return {
    failed: true,
    title,
    content: [h('h1', {}, title), h('p', { role: 'alert' }, words), id, h('p', {}, again), h('p', {}, h('a', { href: '#' }, t('to_start')))],
  }
}

function frame() {
  at('skip').textContent = t('skip')
  at('brand').textContent = t('brand')
  fill(at('foot'), h('p', {}, t('foot')), stage === 'local' ? h('p', {}, t('foot.local')) : null)
  tools()
  network(navigator.onLine)
}

function tools() {
  const who = session()
  const out = who && button(t('sign_out'), leaveSession, { class: 'link' })
  const other = LANGUAGES.find((each) => each !== current())
  const swap = button(t('other_language'), () => speak(other), { class: 'link', lang: other, id: 'language' })
  fill(at('tools'), who ? h('span', { class: 'who' }, who.name) : null, out, swap)
}

async function speak(language) {
  if (shown.keep) shown.keep()
  await use(language)
  frame()
  await show(true)
  at('language').focus()
}

function leaveSession() {
  if (!drafts.any()) return done()
  const yes = button(t('sign_out.yes'), done, { class: 'warn' })
  const no = button(t('sign_out.no'), tools, { class: 'plain' })
  fill(at('tools'), h('span', { class: 'who' }, t('sign_out.sure')), yes, no)
  no.focus()
}

function done() {
  if (shown.leave) shown.leave()
  shown = {}
  drafts.dropAll()
  signOut()
  if (['code', 'start'].includes(address()[0])) show()
  else location.hash = ''
}

function network(there) {
  at('offline').textContent = there ? '' : t('offline')
}

async function begin() {
  try {
    await use()
  } catch (error) {
    return fill(main, h('p', { role: 'alert' }, 'Chưa tải được trang. Xin kiểm tra mạng rồi tải lại. '), h('p', { lang: 'en' }, 'The page could not be loaded. Please check the network and reload.'))
  }
  drafts.sweep()
  frame()
  await show()
  stage = (await call('GET', '/health').catch(() => ({}))).stage
  frame()
}

at('skip').addEventListener('click', (event) => {
  event.preventDefault() // the address names the page, not a place in it
  main.focus()
})
window.addEventListener('hashchange', () => show())
window.addEventListener('online', () => network(true))
window.addEventListener('offline', () => network(false))
document.addEventListener('reached', (event) => network(event.detail))
document.addEventListener('session', tools)
begin()
