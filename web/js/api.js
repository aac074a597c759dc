// The one way to the API: JSON in and out, every no as a Problem.
import { current, t } from './i18n.js'

const BASE = 'api/v1'
const PATIENCE = 30000 // ms
const SESSION = 'motcua.session'

/** A no: `status` 0 means that nothing came back, so that nobody knows what became of it. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || t(status ? 'error.unknown' : 'error.network'))
    this.status = status
    this.code = body.code || ''
    this.errors = body.errors || []
    this.id = body.correlation_id || ''
    this.unsure = status === 0 || status >= 500
  }
}

/** Ask; `key` makes a write safe to repeat, `secret` reads a dossier's status without sign-in. */
export async function call(method, path, { body, key, secret } = {}) {
  const headers = { Accept: 'application/json', 'Accept-Language': current() }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (key) headers['Idempotency-Key'] = key
  if (secret) headers['X-Dossier-Secret'] = secret
  else if (session()) headers.Authorization = `Bearer ${session().token}`
  const answer = await reach(`${BASE}${path}`, { method, headers, body: body && JSON.stringify(body) })
  const content = await answer.json().catch(() => ({}))
  if (answer.ok) return content
  if (answer.status === 401) signOut()
  throw new Problem(answer.status, content)
}

async function reach(url, request) {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), PATIENCE)
  try {
    const answer = await fetch(url, { ...request, signal: limit.signal })
    document.dispatchEvent(new CustomEvent('reached', { detail: true }))
    return answer
  } catch (error) {
    document.dispatchEvent(new CustomEvent('reached', { detail: false }))
    throw new Problem(0, {})
  } finally {
    clearTimeout(timer)
  }
}

const read = {}
/** GET something of the catalogue, once a visit. */
export function once(path) {
  if (!read[path]) {
    read[path] = call('GET', path).catch((error) => {
      delete read[path]
      throw error
    })
  }
  return read[path]
}

let memory = null

/** Who is signed in, `{token, account, name, number}`, until the tab is closed; else null. */
export function session() {
  try {
    return JSON.parse(sessionStorage.getItem(SESSION)) || memory
  } catch (error) {
    return memory // storage is forbidden: until the page is left
  }
}

/** Sign in with a demo account, `{account, name}`. */
export async function signIn({ account, name }) {
  const { access_token: token } = await call('POST', '/dev/token', { body: { account } })
  keep({ token, account, name, number: claims(token).number || '' })
}

export const signOut = () => keep(null)

function keep(who) {
  memory = who
  try {
    if (who) sessionStorage.setItem(SESSION, JSON.stringify(who))
    else sessionStorage.removeItem(SESSION)
  } catch (error) {
    // storage is forbidden: memory serves
  }
  document.dispatchEvent(new CustomEvent('session'))
}

/** What the token says of its own bearer. */
function claims(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')))
  } catch (error) {
    return {}
  }
}

/** 128 random bits as text. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
