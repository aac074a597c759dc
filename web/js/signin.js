// Sign-in with a demo account; such accounts exist on a trial site only.
import { Problem, call, session, signIn } from './api.js'
import { button, fill, h } from './dom.js'
import { t } from './i18n.js'

/** The accounts of citizens to choose from; `done` is called when one is signed in. */
export function signInPanel(words, done) {
  const choices = h('div', {}, h('p', { class: 'wait' }, t('wait')))
  const said = h('p', { class: 'fault', role: 'alert' })
  const choose = async (account) => {
    fill(said)
    try {
      await signIn(account)
      done()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      said.textContent = error.message
    }
  }
  offer(choices, choose)
  return h('section', { class: 'panel', id: 'sign-in' }, h('h2', {}, t('sign_in.title')), h('p', {}, words), choices, said)
}

async function offer(choices, choose) {
  try {
    const { items } = await call('GET', '/dev/accounts')
    const citizens = items.filter((each) => each.roles.includes('citizen'))
    const buttons = citizens.map((each) => h('li', {}, button(t('sign_in.as', { name: each.name }), () => choose(each))))
    fill(choices, h('ul', { class: 'bare' }, buttons), h('p', { class: 'hint' }, t('sign_in.trial')))
  } catch (error) {
    const none = error.status === 404
    fill(choices, h('p', {}, none ? t('sign_in.none') : error.message), none ? null : button(t('again'), () => offer(choices, choose), { class: 'plain' }))
  }
}

/** The account that drafts belong to. */
export const accountOf = () => (session() || {}).account || ''
