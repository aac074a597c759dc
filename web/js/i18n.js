// Texts by key, and what is written differently in each language.

export const LANGUAGES = ['vi', 'en']
const KEPT = 'motcua.language'
const ZONE = 'Asia/Ho_Chi_Minh'

let texts = {}
let language = 'vi'

/** The language in use. */
export const current = () => language

/** Load the texts of a language; without one, those of last time, else Vietnamese. */
export async function use(wanted) {
  let chosen = wanted || kept()
  if (!LANGUAGES.includes(chosen)) chosen = 'vi'
  const answer = await fetch(`locales/${chosen}.json`)
  if (!answer.ok) throw new Error(`no texts: ${answer.status}`)
  texts = await answer.json()
  language = chosen
  document.documentElement.lang = chosen
  if (wanted) keep(chosen)
}

function kept() {
  try {
    return localStorage.getItem(KEPT)
  } catch (error) {
    return null // storage is forbidden: nothing is kept
  }
}

function keep(chosen) {
  try {
    localStorage.setItem(KEPT, chosen)
  } catch (error) {
    // storage is forbidden: asked again next time
  }
}

/** The text of a key with its `{parameters}`; the key itself if nobody wrote one. */
export function t(key, params) {
  const text = texts[key] === undefined ? key : texts[key]
  return text.replace(/\{(\w+)\}/g, (whole, name) => (params && name in params ? params[name] : whole))
}

/** Whether there is a text for a key. */
export const knows = (key) => texts[key] !== undefined

/** A text of the catalogue, `{vi, en}`; Vietnamese where the other is missing. */
export const pick = (text) => (text && (text[language] || text.vi)) || ''

/** The title or description of a part of a form. */
export function words(schema, name) {
  const english = schema[name === 'title' ? 'x-en' : 'x-en-description']
  return (language === 'en' && english) || schema[name] || ''
}

const locale = () => (language === 'en' ? 'en-GB' : ['rad', 'vi'])

/** A moment in Vietnam's time, in words; null for null. */
export function when(iso) {
  if (!iso) return null
  const date = new Date(iso)
  const day = { weekday: 'long', day: 'numeric', month: 'numeric', year: 'numeric' }
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  const format = (options) => new Intl.DateTimeFormat(locale(), { timeZone: ZONE, ...options }).format(date)
  const words = format(day) // the name of the day stands amid a sentence
  return t('when', { time: format(time), day: language === 'vi' ? words[0].toLowerCase() + words.slice(1) : words })
}

/** Đồng. */
export const money = (amount) => `${new Intl.NumberFormat(locale()).format(amount)} đồng`

/** The size of a file. */
export function bytes(size) {
  const mega = size >= 1e6
  const number = mega ? size / 1e6 : Math.max(1, size / 1e3)
  const shown = new Intl.NumberFormat(locale(), { maximumFractionDigits: mega ? 1 : 0 }).format(number)
  return `${shown} ${mega ? 'MB' : 'kB'}`
}

/** A time limit of a procedure. */
export const limit = (given) => t(`limit.${given.unit}`, { amount: given.amount })
