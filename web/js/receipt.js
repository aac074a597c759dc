// The receipt of a dossier that was just filed: its code, its secret, how to keep them.
import { button, h, terms } from './dom.js'
import { t, when } from './i18n.js'

let receipt = null

/** What the page shown next says on top: the answer to a dossier that was just filed. */
export function receive(answer) {
  receipt = answer
}

export const forget = () => receive(null)

/** The receipt, if this dossier was filed on this page; else null. */
export const receiptOf = (code) => (receipt && receipt.code === code ? panel(receipt) : null)

function panel(mine) {
  const url = location.href
  const copied = h('span', { role: 'status' })
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url)
      copied.textContent = t('receipt.copied')
    } catch (error) {
      copied.textContent = t('receipt.not_copied')
    }
  }
  const share = () => navigator.share({ title: t('receipt.share', { code: mine.code }), url }).catch(() => {})
  return h('section', { class: 'panel receipt' },
    mine.earlier ? h('p', { class: 'note' }, t('receipt.earlier')) : null,
    terms([
      [t('receipt.code'), h('strong', { class: 'code', id: 'receipt-code' }, mine.code)],
      [t('receipt.secret'), h('strong', { class: 'code', id: 'receipt-secret' }, mine.secret)],
      [t('receipt.answer'), when(mine.answer_due_at)],
    ]),
    h('p', {}, t('receipt.keep')),
    h('p', { class: 'row' },
      button(t('receipt.copy'), copy, { class: 'plain' }),
      navigator.share ? button(t('receipt.send'), share, { class: 'plain' }) : null,
      button(t('receipt.print'), () => window.print(), { class: 'plain' }),
      copied))
}
