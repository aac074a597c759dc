// What was typed, kept on this device until it is filed: gone then, at sign-out, or after a week.

const PREFIX = 'motcua.draft.'
const KEEP = 7 * 86400000 // ms; the store forgets files that were never filed after as long
const memory = {}

function read(name) {
  try {
    return localStorage.getItem(name)
  } catch (error) {
    return memory[name] || null // storage is forbidden: until the page is left
  }
}

function write(name, text) {
  memory[name] = text
  try {
    if (text === null) localStorage.removeItem(name)
    else localStorage.setItem(name, text)
  } catch (error) {
    // storage is forbidden or full: memory serves
  }
}

function names() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))
  } catch (error) {
    return Object.keys(memory)
  }
}

/** The draft of a form by this account: `{fields, papers, key, sent, saved}`; null for none. */
export function load(form, account) {
  const draft = JSON.parse(read(PREFIX + form) || 'null')
  return draft && draft.account === account && Date.now() - draft.saved < KEEP ? draft : null
}

export const save = (form, account, draft) =>
  write(PREFIX + form, JSON.stringify({ ...draft, account, saved: Date.now() }))

export const drop = (form) => write(PREFIX + form, null)

/** Whether anything is kept. */
export const any = () => names().some((name) => read(name))

export const dropAll = () => names().forEach((name) => write(name, null))

/** Forget what is a week old, whoever typed it. */
export function sweep() {
  for (const name of names()) {
    const draft = JSON.parse(read(name) || 'null')
    if (!draft || Date.now() - draft.saved >= KEEP) write(name, null)
  }
}
