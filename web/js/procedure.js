// One procedure, in short: how long, how much, which papers, which steps; then the way to file it.
import { once, session } from './api.js'
import { button, h, terms } from './dom.js'
import { drop, load } from './draft.js'
import { limit, money, pick, t, when } from './i18n.js'
import { accountOf, signInPanel } from './signin.js'

export async function page(params, show) {
  const code = params.get('procedure')
  const procedure = await once(`/procedures/${encodeURIComponent(code)}`)
  const title = pick(procedure.name)
  return {
    title,
    content: [
      h('p', { class: 'back' }, h('a', { href: '#' }, t('to_start'))),
      h('h1', {}, title),
      h('p', { class: 'hint' }, `${pick(procedure.field)} · ${t('code_of', { code })}`),
      summary(procedure),
      h('section', { class: 'go' }, way(code, show)),
    ],
  }
}

function summary(procedure) {
  const basis = h('ul', {}, procedure.legal_basis.map((each) => h('li', {}, pick(each))))
  return [
    h('div', { class: 'panel' }, terms([
      [t('procedure.limit'), limit(procedure.limit.online)],
      [t('procedure.answer'), limit(procedure.answer_limit.online)],
      [t('procedure.fee'), fees(procedure)],
      [t('procedure.extension'), procedure.extension && t('procedure.extension.by', { limit: limit(procedure.extension.maximum), ground: pick(procedure.extension.ground) })],
    ])),
    h('h2', {}, t('procedure.papers')),
    h('ul', {}, procedure.papers.map(paper)),
    h('h2', {}, t('procedure.steps')),
    h('ol', {}, h('li', {}, t('procedure.intake')), procedure.route.map(step), h('li', {}, t('procedure.return'))),
    procedure.legal_basis.length ? h('details', {}, h('summary', {}, t('procedure.basis')), basis) : null,
  ]
}

const paper = (each) =>
  h('li', {}, pick(each.name), h('span', { class: 'optional' }, ` (${t(`kind.${each.kind}`)}${each.required ? '' : `, ${t('not_required')}`})`))

function step({ legs }) {
  const parts = legs.map((leg) => `${pick(leg.name)}${leg.limit ? ` (${limit(leg.limit.online)})` : ''}`)
  return h('li', {}, parts.join(t('procedure.beside')))
}

function fees(procedure) {
  if (!procedure.fees.length) return t('procedure.free')
  return h('ul', { class: 'bare' }, procedure.fees.map((fee) => h('li', {}, `${pick(fee.name)}: ${money(fee.online)}`)))
}

function way(code, show) {
  if (!session()) return signInPanel(t('sign_in.to_file'), () => (location.hash = `file=${encodeURIComponent(code)}`))
  const draft = load(code, accountOf())
  const start = h('a', { class: 'button', href: `#file=${encodeURIComponent(code)}` }, t(draft ? 'procedure.resume' : 'procedure.start'))
  if (!draft) return start
  const forget = button(t('procedure.forget'), () => {
    drop(code)
    show()
  }, { class: 'link' })
  return [h('p', {}, t('procedure.draft', { when: when(draft.saved) })), h('p', { class: 'row' }, start, forget)]
}
