// A dossier as its citizen sees it: where it is, since when, until when, and what comes next.
// Code and secret stand in the address after `#`, which browsers send to no server.
import { Problem, call, once, session } from './api.js'
import { fill, h, terms } from './dom.js'
import { knows, money, pick, t, when } from './i18n.js'
import { forget, receiptOf } from './receipt.js'
import { signInPanel } from './signin.js'

const EVERY = 15000 // ms, while the page is looked at
const LINKS_LAST = 600000 // ms; a link to a result is good for 15 minutes
const LOOK = { refused: 'stop', withdrawn: 'stop', stopped: 'stop', supplement_requested: 'wait', payment_requested: 'wait', settled: 'good', returned: 'good' }
const LOST = ['refused', 'withdrawn', 'stopped']
const DONE = ['settled', 'returned']
const WITHDRAWABLE = ['submitted', 'accepted', 'processing', 'supplement_requested', 'payment_requested']

export async function page(params, show) {
  const tracking = new Tracking(params.get('code') || '', params.get('secret') || '', show)
  await tracking.load()
  tracking.start()
  return { title: t('track.title', { code: tracking.code }), content: tracking.content(), leave: () => tracking.stop(), keep: () => {} }
}

class Tracking {
  constructor(code, secret, show) {
    Object.assign(this, { code, secret, show, rev: 0, owner: false })
    this.state = h('div', {})
    this.said = h('p', { class: 'sr', role: 'status' })
    this.asked = h('div', {})
    this.acts = h('div', {})
    this.stale = h('p', { class: 'hint', role: 'status' })
    this.look = () => document.hidden || this.refresh()
  }

  content() {
    const receipt = receiptOf(this.code)
    return [
      h('p', { class: 'back' }, h('a', { href: '#' }, t('to_start'))),
      h('h1', {}, t(receipt ? 'receipt.title' : 'track.heading')),
      this.said, this.asked, receipt, this.state, this.stale, this.acts,
    ]
  }

  start() {
    this.timer = setInterval(this.look, EVERY)
    document.addEventListener('visibilitychange', this.look)
    window.addEventListener('online', this.look)
  }

  stop() {
    clearInterval(this.timer)
    document.removeEventListener('visibilitychange', this.look)
    window.removeEventListener('online', this.look)
    if (this.supplement) this.supplement.stop()
  }

  async refresh() {
    try {
      await this.load()
      fill(this.stale)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.stale.textContent = t('track.stale', { words: error.message })
    }
  }

  async load() {
    const found = await this.read()
    const version = `/procedures/${found.procedure_code}/versions/${found.procedure_version}`
    const procedure = await once(version)
    const news = this.rev && found.rev !== this.rev
    const fresh = !found.results.length || Date.now() - this.drawn < LINKS_LAST
    // Warnings and letters lengthen the timeline without a new `rev`.
    const shown = `${found.rev}.${found.timeline.length}.${this.owner}`
    const same = shown === this.shown && fresh
    this.rev = found.rev
    this.shown = shown
    if (same) return
    this.drawn = Date.now()
    fill(this.state, state(found, procedure))
    await this.offer(found, procedure)
    if (news) this.said.textContent = t('track.changed', { status: t(`status.${found.status}`) })
  }

  /** As its owner where signed in, which shows more; else with the secret. */
  async read() {
    const path = `/dossiers/${encodeURIComponent(this.code)}`
    this.owner = false
    if (session()) {
      try {
        const found = await call('GET', path)
        this.owner = true
        return found
      } catch (error) {
        if (!this.secret || ![401, 403, 404].includes(error.status)) throw error
      }
    }
    if (!this.secret) throw new Problem(404, { detail: t('track.no_secret') })
    return call('GET', path, { secret: this.secret })
  }

  /** What the citizen can do now; a supplement that is being typed is left alone. */
  async offer(found, procedure) {
    const slip = found.open_request && this.owner ? found.open_request.since : ''
    if (this.supplement && this.supplement.slip !== slip) {
      this.supplement.stop()
      this.supplement = null
      fill(this.asked)
    }
    if (!this.owner) return fill(this.acts, stranger(found, this.show))
    const { Supplementing, withdrawing } = await import('./supplement.js')
    const done = (words) => () => this.done(words)
    if (this.supplement) this.supplement.rev = found.rev
    else if (slip) {
      this.supplement = new Supplementing(this.code, found, procedure, done('supplement.done'))
      fill(this.asked, this.supplement.element)
    }
    const free = WITHDRAWABLE.includes(found.status)
    fill(this.acts, free ? withdrawing(this.code, found.rev, done('withdraw.done')) : null)
  }

  async done(words) {
    forget()
    await this.refresh()
    this.said.textContent = t(words)
    const heading = this.state.querySelector('h2')
    heading.tabIndex = -1
    heading.focus()
  }
}

/** What is said to whoever sees it by its secret. */
function stranger(found, show) {
  if (LOST.includes(found.status)) return null
  if (session()) return h('p', { class: 'hint' }, t('track.not_yours'))
  const what = found.open_request ? 'supplement' : DONE.includes(found.status) ? 'result' : 'act'
  return signInPanel(t(`sign_in.to_${what}`), () => show())
}

function state(found, procedure) {
  const { status } = found
  const title = h('h2', { id: 'status' }, t(`status.${status}`))
  return [
    h('section', { class: `panel status ${LOOK[status] || 'go'}` },
      title,
      h('p', {}, t(`means.${status}`)),
      found.holders.map(holder),
      terms([
        [t('track.due'), when(found.due_at)],
        [t('track.promised'), when(found.promised_at)],
        [t('track.paused'), found.paused && t('track.paused.yes')],
        [t('track.outstanding'), found.outstanding > 0 && t('track.outstanding.how', { amount: money(found.outstanding) })],
        [t('track.outcome'), found.result_kind && t(`result.${found.result_kind}`)],
      ]),
      found.results.map((result) => h('p', {}, h('a', { class: 'button', href: result.url }, t('track.result'))))),
    h('section', { class: 'panel' }, terms([
      [t('track.procedure'), pick(procedure.name)],
      [t('track.code'), h('span', { class: 'code' }, found.code)],
      [t('track.submitted'), when(found.submitted_at)],
      [t('track.accepted'), when(found.accepted_at)],
    ])),
    h('h2', {}, t('track.timeline')),
    h('ol', { class: 'timeline' }, [...found.timeline].reverse().map(happened)),
  ]
}

const nameOf = (unit, name) => (unit === 'citizen' ? t('you') : pick(name))

function holder(each) {
  const until = each.due_at ? t(each.unit === 'citizen' ? 'holder.answer_by' : 'holder.until', { when: when(each.due_at) }) : null
  return h('div', { class: 'holder' },
    h('p', {}, h('span', { class: 'hint' }, t('holder.at')), h('strong', {}, nameOf(each.unit, each.unit_name))),
    h('p', { class: 'hint' }, [t('holder.since', { when: when(each.since) }), until].filter(Boolean).join(' ')))
}

function happened(event) {
  const mark = event.milestone && `milestone.${event.milestone}`
  const onMerits = event.type === 'refused' && event.status !== 'refused' // a unit's no, not the desk's
  const words = mark && knows(mark) ? t(mark) : t(onMerits ? 'result.refusal' : `event.${event.type}`)
  const who = event.unit ? `${nameOf(event.unit, event.unit_name)} · ` : ''
  const said = event.words && h('p', { class: 'note' }, event.words)
  return h('li', {}, h('strong', {}, words), said, h('p', { class: 'hint' }, who, h('time', { datetime: event.at }, when(event.at))))
}
