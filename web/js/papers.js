// The papers of a dossier: for each one or more files, sent as soon as they are chosen.
import { applies, cases } from './conditions.js'
import { button, fill, h } from './dom.js'
import { bytes, pick, t } from './i18n.js'
import { forgive, idOf } from './form.js'
import { ACCEPT, send } from './upload.js'

/** The papers to hand in. `kept` are files of a draft by paper, `changed` is told of every change. */
export function papers(wanted, conditions, kept, changed) {
  const slots = wanted.map((paper) => slot(paper, cases(paper, conditions), kept[paper.code] || [], changed))
  return {
    element: h('div', {}, slots.map((each) => each.element)),
    kept: () => Object.fromEntries(slots.map((each) => [each.code, each.files()])),
    given: () => slots.reduce((found, each) => found.concat(each.given()), []),
    faults: (holding) => slots.reduce((found, each) => found.concat(each.faults(holding)), []),
    stop: () => slots.forEach((each) => each.stop()),
  }
}

export const paperPointer = (code) => `/papers/${code}`

function slot(paper, only, files, changed) {
  const id = idOf(paperPointer(paper.code))
  const rows = h('ul', { class: 'files' })
  const said = h('p', { class: 'sr', role: 'status' })
  const sending = new Map()
  const uploaded = [...files]
  const chooser = h('input', { type: 'file', id: `${id}-c`, accept: ACCEPT, multiple: true, onchange: choose, 'aria-describedby': `${id}-h` })

  function choose() {
    Array.from(chooser.files).forEach(start)
    chooser.value = '' // the same file may be chosen again
  }

  function start(file) {
    const bar = h('progress', { max: 1, value: 0, 'aria-label': t('upload.progress', { name: file.name }) })
    const row = h('li', {})
    const stop = new AbortController()
    sending.set(row, stop)
    fill(row, h('span', { class: 'name' }, file.name), bar, button(t('upload.cancel'), () => away(row), { class: 'link' }))
    rows.appendChild(row)
    said.textContent = t('upload.sending', { name: file.name })
    send(file, (part) => (bar.value = part), stop.signal).then(
      (sent) => arrived(row, { ...sent, name: file.name }),
      (error) => stuck(row, file, error),
    )
  }

  function arrived(row, file) {
    if (!sending.delete(row)) return
    uploaded.push(file)
    row.replaceWith(done(file))
    said.textContent = t('upload.done', { name: file.name })
    forgive(chooser)
    changed()
  }

  function done(file) {
    const row = h('li', { class: 'done' }, h('span', { class: 'name' }, file.name), h('span', { class: 'hint' }, `${t('upload.there')} · ${bytes(file.size)}`))
    const remove = () => {
      uploaded.splice(uploaded.indexOf(file), 1)
      row.remove()
      changed()
      chooser.focus()
    }
    row.appendChild(button(t('upload.remove'), remove, { class: 'link', 'aria-label': t('upload.remove_named', { name: file.name }) }))
    return row
  }

  function stuck(row, file, error) {
    if (!sending.has(row)) return
    sending.set(row, null)
    const again = () => {
      away(row)
      start(file)
    }
    const retry = button(t('again'), again, { class: 'plain' })
    const drop = button(t('upload.remove'), () => away(row), { class: 'link' })
    fill(row, h('span', { class: 'name' }, file.name), h('span', { class: 'fault', role: 'alert' }, error.message), h('span', { class: 'row' }, retry, drop))
  }

  function away(row) {
    const stop = sending.get(row)
    sending.delete(row)
    if (stop) stop.abort()
    row.remove()
    chooser.focus()
  }

  uploaded.forEach((file) => rows.appendChild(done(file)))
  const note = paper.required ? only && `(${only})` : t('optional')
  const label = h('label', { for: chooser.id }, pick(paper.name), note ? h('span', { class: 'optional' }, ` ${note}`) : null)
  const hint = h('p', { class: 'hint', id: `${id}-h` }, `${t(`paper.${paper.kind}`)} ${t('upload.hint')}`)

  function faults(holding) {
    const pointer = paperPointer(paper.code)
    if (sending.size) return [{ pointer, detail: t(Array.from(sending.values()).includes(null) ? 'upload.stuck' : 'upload.wait') }]
    return paper.required && applies(paper, holding) && !uploaded.length ? [{ pointer, detail: t('upload.missing') }] : []
  }

  return {
    code: paper.code,
    element: h('div', { class: 'field paper', id }, label, hint, rows, h('div', { class: 'choose' }, chooser, h('label', { for: chooser.id }, t('upload.choose'))), said),
    files: () => uploaded,
    given: () => uploaded.map((file) => ({ paper_code: paper.code, file_id: file.id })),
    faults,
    stop: () => sending.forEach((stop) => stop && stop.abort()),
  }
}
