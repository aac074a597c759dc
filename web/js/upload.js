// One file, straight to the store: made smaller if it is a big photo, hashed, sent, sent again.
import { Problem, call } from './api.js'
import { t } from './i18n.js'

const MOST = 20 * 1024 * 1024 // bytes, as the API takes
const TYPES = { pdf: 'application/pdf', jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png' }
const WAITS = [1000, 4000, 10000] // ms between tries
const BIG_PHOTO = 1500000 // bytes; a scan of a page is legible with less
const LONGEST_SIDE = 2400 // pixels: a page of A4 at 200 dpi

export const ACCEPT = 'application/pdf,image/jpeg,image/png'

/** Send a file; answers `{id, name, size}`. `told` hears of the part sent, 0 to 1. */
export async function send(file, told, signal) {
  const type = file.type || TYPES[file.name.split('.').pop().toLowerCase()]
  if (!Object.values(TYPES).includes(type)) throw new Error(t('upload.type'))
  const content = await smaller(file, type)
  if (!content.size || content.size > MOST) throw new Error(t('upload.size'))
  const name = named(file.name, content.type || type)
  const sha256 = await digest(content)
  const body = { name, type: content.type || type, size: content.size, sha256 }
  for (let n = 0; ; n += 1) {
    try {
      return await deliver(await call('POST', '/uploads', { body }), content, told, signal)
    } catch (error) {
      if (signal.aborted || !error.unsure || n === WAITS.length) throw error
      await new Promise((resolve) => setTimeout(resolve, WAITS[n]))
    }
  }
}

async function deliver(promised, content, told, signal) {
  const form = new FormData()
  Object.entries(promised.fields).forEach(([name, value]) => form.append(name, value))
  form.append('file', content)
  await post(promised.url, form, told, signal)
  return { id: promised.file_id, size: content.size }
}

/** XMLHttpRequest, because fetch does not tell how much was sent. */
function post(url, form, told, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total)
    request.onload = () => (request.status < 300 ? resolve() : reject(refused(request.status)))
    request.onerror = () => reject(new Problem(0, {}))
    request.onabort = () => reject(new Error(t('upload.stopped')))
    signal.addEventListener('abort', () => request.abort())
    request.send(form)
  })
}

/** 403 comes of a promise that is too old: a new one is asked for. */
const refused = (status) => new Problem(status === 403 ? 0 : status, { detail: t('upload.failed') })

async function digest(content) {
  if (!window.crypto || !crypto.subtle) throw new Error(t('upload.old_browser'))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await bytesOf(content)))
  return btoa(String.fromCharCode(...hash))
}

function bytesOf(content) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result)
    reader.onerror = () => reject(new Error(t('upload.unreadable')))
    reader.readAsArrayBuffer(content)
  })
}

/** A name that the API takes. */
const named = (name, type) =>
  name.replace(/[/\\<>\x00-\x1f]/g, '_').slice(-190) || `tep.${type.split('/')[1]}`

/** A big photo as a smaller one, without where and when it was taken; anything else as it is. */
async function smaller(file, type) {
  if (type !== 'image/jpeg' || file.size < BIG_PHOTO) return file
  try {
    const blob = await redrawn(file)
    return blob && blob.size < file.size ? blob : file
  } catch (error) {
    return file // the phone has too little memory for it: send it as it is
  }
}

async function redrawn(file) {
  const url = URL.createObjectURL(file)
  try {
    const image = await pictured(url)
    const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(image.width * scale)
    canvas.height = Math.round(image.height * scale)
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.85))
  } finally {
    URL.revokeObjectURL(url)
  }
}

function pictured(url) {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve(image)
    image.onerror = reject
    image.src = url
  })
}
