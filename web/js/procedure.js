// One procedure, in short: how long, how much, which papers, which steps; then the way to file it.
import { once, session } from './api.js'
import { cases } from './conditions.js'
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
      [t('procedure.limit'), limits(procedure.limit, procedure)],
      [t('procedure.answer'), limit(procedure.answer_limit.online)],
      [t('procedure.fee'), fees(procedure)],
      [t('procedure.result'), procedure.result && pick(procedure.result)],
      [t('procedure.level'), t(`level.${procedure.level}`)],
      [t('procedure.extension'), procedure.extension && t('procedure.extension.by', { limit: limit(procedure.extension.maximum), ground: pick(procedure.extension.ground) })],
    ])),
    h('h2', {}, t('procedure.papers')),
    h('ul', {}, procedure.papers.map((each) => paper(each, procedure))),
    h('h2', {}, t('procedure.steps')),
    h('ol', {}, h('li', {}, t('procedure.intake')), procedure.route.map((each) => step(each, procedure)), h('li', {}, t('procedure.return'))),
    procedure.legal_basis.length ? h('details', {}, h('summary', {}, t('procedure.basis')), basis) : null,
  ]
}

/** The limit online; behind it those of other cases. */
function limits(given, { conditions }) {
  const others = given.cases.map((each) => `${cases(each, conditions)}: ${limit(each.online)}`)
  return [limit(given.online), ...others].join('; ')
}

function paper(each, { conditions }) {
  const only = each.required ? cases(each, conditions) : t('not_required')
  const file = each.template && h('a', { href: each.template, download: '' }, t('procedure.template'))
  const note = [...copies(each), only].filter(Boolean).join(', ')
  return h('li', {}, pick(each.name), h('span', { class: 'optional' }, ` (${note})`), file && [' ', file])
}

const KINDS = { original: 'originals', certified_copy: 'certified_copies', copy: 'copies' }

/** How many of each kind; just the kind where the procedure does not count. */
function copies(each) {
  const counted = Object.entries(KINDS).filter(([, count]) => each[count])
  return counted.length ? counted.map(([kind, count]) => `${each[count]} ${t(`kind.${kind}`)}`) : [t(`kind.${each.kind}`)]
}

function step({ legs }, procedure) {
  const parts = legs.map((leg) => {
    const notes = [leg.limit && limits(leg.limit, procedure), cases(leg, procedure.conditions)].filter(Boolean)
    return `${pick(leg.name)}${notes.length ? ` (${notes.join('; ')})` : ''}`
  })
  return h('li', {}, parts.join(t('procedure.beside')))
}

function fees(procedure) {
  if (!procedure.fees.length) return t('procedure.free')
  return h('ul', { class: 'bare' }, procedure.fees.map((fee) => h('li', {}, `${pick(fee.name)}: ${amount(fee, procedure).join('; ')}`)))
}

function amount(fee, { conditions }) {
  const pages = fee.per_page
  const tiers = pages ? pages.tiers.map(({ first, price }) => t('fee.page', { first, price: money(price) })) : []
  return [
    ...(fee.online || !pages ? [money(fee.online)] : []),
    ...tiers,
    ...(pages && pages.most ? [t('fee.most', { price: money(pages.most) })] : []),
    ...fee.exemptions.map((each) => t('fee.exempt', { percent: each.percent, cases: cases(each, conditions) })),
  ]
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
