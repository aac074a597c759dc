// Filing: the form of the procedure, the person blocks, the desk, the papers; then the receipt.
import { Problem, call, newKey, once, session } from './api.js'
import { faults } from './check.js'
import { holding } from './conditions.js'
import { fill, focusOn, h } from './dom.js'
import * as drafts from './draft.js'
import { clearFaults, field, forgive, idOf, read, restore, showFaults, typed, value } from './form.js'
import { pick, t } from './i18n.js'
import { paperPointer, papers } from './papers.js'
import { OWNERS, SUBMITTER } from './person.js'
import { receive } from './receipt.js'
import { accountOf, signInPanel } from './signin.js'

const OWNER_KIND = 'owner-kind' // '' when whoever files is the owner

export async function page(params, show) {
  const code = params.get('file')
  const [procedure, { items }] = await Promise.all([once(`/procedures/${encodeURIComponent(code)}`), once('/desks')])
  const title = pick(procedure.name)
  const head = [h('p', { class: 'back' }, h('a', { href: `#procedure=${encodeURIComponent(code)}` }, t('to_procedure'))), h('h1', {}, title)]
  if (!session()) return { title, content: [head, signInPanel(t('sign_in.to_file'), () => show())] }
  const filing = new Filing(procedure, items.filter((desk) => procedure.receiving.includes(desk.kind)), show)
  return { title, content: [head, h('p', {}, t('file.lead')), filing.summary, filing.form], leave: () => filing.leave(), keep: () => filing.keep() }
}

class Filing {
  constructor(procedure, desks, show) {
    Object.assign(this, { procedure, show, account: accountOf(), touched: false, timer: 0 })
    this.draft = drafts.load(procedure.code, this.account) || { fields: first(desks), papers: {}, key: newKey(), sent: [] }
    this.summary = h('div', {})
    this.owner = h('div', {})
    this.papers = papers(procedure.papers, procedure.conditions, this.draft.papers, () => this.changed())
    this.send = h('button', { type: 'submit' }, t('file.send'))
    this.said = h('p', { role: 'status' })
    this.form = this.build(desks)
    this.showOwner(this.draft.fields[OWNER_KIND] || '')
  }

  build(desks) {
    const { form } = this.procedure
    const sections = Object.entries(form.properties).map(([name, inner]) => field(inner, `/answers/${name}`, (form.required || []).includes(name)))
    const submit = (event) => {
      event.preventDefault()
      this.submit()
    }
    return h('form', { novalidate: true, autocomplete: 'off', onsubmit: submit, oninput: (event) => this.typed(event) },
      deskField(desks),
      field(SUBMITTER, '/submitter', true),
      ownerKinds(),
      this.owner,
      sections,
      h('fieldset', { class: 'section', id: idOf('/papers') }, h('legend', {}, t('file.papers')), this.papers.element),
      h('div', { class: 'section end' }, h('p', {}, t('file.oath')), this.send, this.said))
  }

  typed(event) {
    if (event.target.name === OWNER_KIND) {
      this.draft.fields[OWNER_KIND] = event.target.value
      this.showOwner(event.target.value)
    }
    this.touched = true
    forgive(event.target)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.keep(), 400)
  }

  changed() {
    this.touched = true
    this.keep()
  }

  showOwner(kind) {
    fill(this.owner, kind ? field(OWNERS[kind], '/owner', true) : null)
    restore(this.form, this.draft.fields)
  }

  keep() {
    clearTimeout(this.timer)
    if (!this.draft || !this.touched) return
    this.draft.fields = { ...this.draft.fields, ...typed(this.form) }
    this.draft.papers = this.papers.kept()
    drafts.save(this.procedure.code, this.account, this.draft)
  }

  leave() {
    this.keep()
    this.papers.stop()
  }

  body() {
    const kind = value(this.form, OWNER_KIND)
    const submitter = { kind: 'citizen', ...read(this.form, SUBMITTER, '/submitter') }
    return {
      procedure_code: this.procedure.code,
      procedure_version: this.procedure.version,
      desk: value(this.form, '/desk'),
      submitter,
      owner: kind ? { kind, ...read(this.form, OWNERS[kind], '/owner') } : submitter,
      answers: read(this.form, this.procedure.form, '/answers') || {},
      papers: this.papers.given(),
    }
  }

  faults(body) {
    const owner = body.owner === body.submitter ? [] : faults(OWNERS[body.owner.kind], body.owner, '/owner', true)
    return [
      ...(body.desk ? [] : [{ pointer: '/desk', detail: t('check.choose') }]),
      ...faults(SUBMITTER, body.submitter, '/submitter', true),
      ...owner,
      ...faults(this.procedure.form, body.answers, '/answers', true),
      ...this.papers.faults(holding(this.procedure.conditions, body.answers)),
    ]
  }

  async submit() {
    if (this.send.disabled) return
    const body = this.body()
    const found = this.faults(body)
    if (found.length) return showFaults(this.form, this.summary, found)
    clearFaults(this.form, this.summary)
    this.busy(true)
    try {
      this.filed(await this.deliver(JSON.stringify(body)))
    } catch (error) {
      this.refused(error)
    } finally {
      this.busy(false)
    }
  }

  busy(on) {
    this.send.disabled = on
    this.said.textContent = on ? t('file.sending') : ''
  }

  /** Send under one key for the whole draft: however often, it is filed once. */
  async deliver(body) {
    const earlier = this.draft.sent.filter((each) => each !== body)
    this.draft.sent = [...earlier, body]
    this.changed()
    try {
      return await this.post(body)
    } catch (error) {
      if (error.code === 'idempotency.mismatch') return this.recover(earlier)
      if (error instanceof Problem && !error.unsure) this.draft.sent = earlier
      throw error
    }
  }

  /** One sent before did arrive, only its answer was lost: sending it again answers its receipt. */
  async recover(earlier) {
    for (const body of earlier) {
      const receipt = await this.post(body).catch((error) => {
        if (error.code !== 'idempotency.mismatch') throw error
      })
      if (receipt) return { ...receipt, earlier: true }
    }
    throw new Error('the key was used for what this draft never sent')
  }

  post(body) {
    return call('POST', '/dossiers', { body: JSON.parse(body), key: this.draft.key })
  }

  filed(receipt) {
    clearTimeout(this.timer)
    this.draft = null // before the page is left: nothing typed stays on the device
    drafts.drop(this.procedure.code)
    receive(receipt)
    location.hash = new URLSearchParams({ code: receipt.code, secret: receipt.secret }).toString()
  }

  refused(error) {
    if (!(error instanceof Problem)) throw error
    this.keep()
    if (error.status === 401) return this.signInAgain(error)
    const own = value(this.form, OWNER_KIND)
    const found = error.errors.filter(({ pointer }) => own || !pointer.startsWith('/owner/')) // said of the submitter
    showFaults(this.form, this.summary, found, error.message)
  }

  signInAgain(error) {
    fill(this.summary, h('div', { class: 'faults', role: 'alert' }, h('h2', {}, error.message), h('p', {}, t('file.kept'))), signInPanel(t('sign_in.again'), () => this.signedIn()))
    focusOn(this.summary.firstChild)
  }

  /** Somebody else gets a form of their own. */
  signedIn() {
    if (accountOf() !== this.account) return this.show()
    fill(this.summary)
    focusOn(this.send)
  }
}

/** What a new draft knows already. */
function first(desks) {
  const { name, number } = session()
  const only = desks.length === 1 ? { '/desk': desks[0].code } : {}
  return { '/submitter/full_name': name, '/submitter/number': number, ...only }
}

function deskField(desks) {
  const choice = (desk, n) => {
    const id = `desk-${n}`
    const where = h('span', { class: 'hint' }, [desk.address, desk.phone].filter(Boolean).join(' · '))
    return h('div', { class: 'choice' }, h('input', { type: 'radio', id, name: '/desk', value: desk.code }), h('label', { for: id }, pick(desk.name), where))
  }
  const content = desks.length ? desks.map(choice) : h('p', {}, t('file.no_desk'))
  return h('fieldset', { class: 'section', id: idOf('/desk') }, h('legend', {}, t('file.desk')), content)
}

function ownerKinds() {
  const choice = (kind) => {
    const id = `owner-${kind || 'self'}`
    return h('div', { class: 'choice' }, h('input', { type: 'radio', id, name: OWNER_KIND, value: kind, checked: !kind }), h('label', { for: id }, t(`owner.${kind || 'self'}`)))
  }
  return h('fieldset', { class: 'section', id: 'owner-kind' }, h('legend', {}, t('owner.title')), h('p', { class: 'hint' }, t('owner.hint')), ['', ...Object.keys(OWNERS)].map(choice))
}
