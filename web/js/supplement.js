// What the owner does with a dossier on its way: answer the supplement slip, withdraw.
import { Problem, call, newKey } from './api.js'
import { faults } from './check.js'
import { button, fill, focusOn, h } from './dom.js'
import { clearFaults, field, forgive, read, showFaults } from './form.js'
import { knows, pick, t, when, words } from './i18n.js'
import { papers } from './papers.js'

const parted = (subject) => [subject.slice(0, subject.indexOf(':')), subject.slice(subject.indexOf(':') + 1)]

/** The slip that waits for the citizen, and the form that answers exactly what it asks for. */
export class Supplementing {
  constructor(code, found, procedure, done) {
    const request = found.open_request
    Object.assign(this, { code, procedure, done, rev: found.rev, slip: request.since, key: newKey() })
    const asked = (kind) => request.items.map((item) => parted(item.subject)).filter(([is]) => is === kind).map(([, name]) => name)
    this.sections = asked('section')
    const wanted = asked('paper').map((name) => ({ ...procedure.papers.find((paper) => paper.code === name), required: true, when: [], unless: [] }))
    this.papers = papers(wanted, {}, {}, () => {})
    this.summary = h('div', {})
    this.send = h('button', { type: 'submit' }, t('supplement.send'))
    this.said = h('p', { role: 'status' })
    this.form = this.build()
    this.element = h('section', { class: 'panel asked' },
      h('h2', {}, t('supplement.title')),
      h('p', {}, t('supplement.lead', { when: when(request.due_at) })),
      slip(request, procedure),
      this.summary, this.form)
  }

  build() {
    const submit = (event) => {
      event.preventDefault()
      this.submit()
    }
    const sections = this.sections.map((name) => field(this.procedure.form.properties[name], `/answers/${name}`, true))
    return h('form', { novalidate: true, autocomplete: 'off', onsubmit: submit, oninput: (event) => forgive(event.target) },
      sections.length ? h('p', { class: 'hint' }, t('supplement.whole')) : null, sections, this.papers.element, this.send, this.said)
  }

  stop() {
    this.papers.stop()
  }

  answers() {
    const given = this.sections.map((name) => [name, read(this.form, this.procedure.form.properties[name], `/answers/${name}`)])
    return given.reduce((found, [name, value]) => ({ ...found, [name]: value }), {})
  }

  async submit() {
    if (this.send.disabled) return
    const answers = this.answers()
    const wrong = this.sections.reduce((found, name) => found.concat(faults(this.procedure.form.properties[name], answers[name], `/answers/${name}`, true)), [])
    const found = wrong.concat(this.papers.faults([]))
    if (found.length) return showFaults(this.form, this.summary, found)
    clearFaults(this.form, this.summary)
    await this.post({ rev: this.rev, answers, papers: this.papers.given() })
  }

  async post(body) {
    this.send.disabled = true
    this.said.textContent = t('file.sending')
    try {
      await call('POST', `/dossiers/${encodeURIComponent(this.code)}/supplement`, { body, key: this.key })
      this.done()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'idempotency.mismatch') return this.done() // one sent before did arrive
      showFaults(this.form, this.summary, error.errors, error.message)
    } finally {
      this.send.disabled = false
      this.said.textContent = ''
    }
  }
}

/** The slip's own words: a reason for the whole, and what to do with each item. */
function slip(request, procedure) {
  const lines = (request.text || '').split('\n')
  const todo = ({ subject }) => lines.filter((line) => line.startsWith(`${subject}: `)).map((line) => line.slice(subject.length + 2))
  const known = request.items.map(({ subject }) => `${subject}: `)
  const whole = lines.filter((line) => line && !known.some((start) => line.startsWith(start)))
  const item = (each) => {
    const reason = `reason.${each.reason_code}`
    return h('li', {}, h('strong', {}, subjectOf(each.subject, procedure)), knows(reason) ? ` – ${t(reason)}` : null, todo(each).map((text) => h('p', {}, text)))
  }
  return [whole.map((text) => h('p', { class: 'note' }, text)), h('ol', {}, request.items.map(item))]
}

function subjectOf(subject, procedure) {
  const [kind, name] = parted(subject)
  if (kind === 'section') return words(procedure.form.properties[name] || {}, 'title') || name
  return pick((procedure.papers.find((paper) => paper.code === name) || {}).name) || name
}

/** A button, and behind it the question whether it is meant. */
export function withdrawing(code, rev, done) {
  const place = h('section', { class: 'withdraw' })
  const key = newKey()
  const offer = () => fill(place, button(t('withdraw.title'), ask, { class: 'link' }))

  function ask() {
    const reason = h('textarea', { id: 'withdraw-reason', rows: 2, maxlength: 500, autocomplete: 'off' })
    const said = h('p', { class: 'fault', role: 'alert' })
    const no = button(t('withdraw.no'), () => offer() && place.querySelector('button').focus(), { class: 'plain' })
    const yes = button(t('withdraw.yes'), () => send(reason.value.trim(), said), { class: 'warn' })
    const title = h('h2', {}, t('withdraw.sure'))
    fill(place, h('div', { class: 'panel' }, title, h('p', {}, t('withdraw.means')),
      h('div', { class: 'field' }, h('label', { for: reason.id }, t('withdraw.reason'), h('span', { class: 'optional' }, ` ${t('optional')}`)), reason),
      said, h('p', { class: 'row' }, yes, no)))
    focusOn(title)
  }

  async function send(reason, said) {
    said.textContent = ''
    try {
      await call('POST', `/dossiers/${encodeURIComponent(code)}/withdraw`, { body: { rev, reason }, key })
      done()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'idempotency.mismatch') return done() // one sent before did arrive
      said.textContent = error.message
    }
  }

  offer()
  return place
}
