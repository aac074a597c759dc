// The part of JSON Schema that forms use, judged while the citizen is still there to correct it.
// The server judges the whole; this only saves a round trip on a slow line.
import { t, words } from './i18n.js'

/** What is wrong with a value: `{pointer, detail}` for each fault; nothing for what may be empty. */
export function faults(schema, value, pointer, required) {
  if (schema.type === 'object') return ofObject(schema, value, pointer, required)
  if (value === undefined) return required ? [{ pointer, detail: t(empty(schema)) }] : []
  if (schema.type === 'array') return ofArray(schema, value, pointer)
  const detail = fault(schema, value)
  return detail ? [{ pointer, detail }] : []
}

const empty = (schema) => (schema.enum || schema.type === 'boolean' ? 'check.choose' : 'check.empty')

function ofObject(schema, value, pointer, required) {
  if (value === undefined && !required) return []
  const given = value || {}
  const needed = new Set(schema.required)
  if (schema.if && schema.then && !ofObject(schema.if, given, pointer, true).length)
    (schema.then.required || []).forEach((name) => needed.add(name))
  return Object.entries(schema.properties || {}).reduce(
    (found, [name, inner]) => found.concat(faults(inner, given[name], `${pointer}/${name}`, needed.has(name))),
    [],
  )
}

function ofArray(schema, value, pointer) {
  return value.reduce((found, item, n) => found.concat(faults(schema.items, item, `${pointer}/${n}`, true)), [])
}

function fault(schema, value) {
  if ('const' in schema && value !== schema.const) return t('check.choose')
  if (schema.enum && !schema.enum.includes(value)) return t('check.choose')
  if (schema.type === 'integer' || schema.type === 'number') return ofNumber(schema, value)
  if (schema.format === 'date') return isDay(value) ? '' : t('check.date')
  if (typeof value !== 'string') return ''
  if (schema.pattern && !fits(schema.pattern, value)) return malformed(schema)
  const length = Array.from(value).length
  if (schema.minLength > length) return t('check.short', { min: schema.minLength })
  if (schema.maxLength < length) return t('check.long', { max: schema.maxLength })
  return ''
}

const malformed = (schema) => [t('check.pattern'), words(schema, 'description')].filter(Boolean).join(' ')

function ofNumber(schema, value) {
  if (typeof value !== 'number') return t(`check.${schema.type}`)
  if (value < schema.minimum) return t('check.least', { limit: schema.minimum })
  if (value > schema.maximum) return t('check.most', { limit: schema.maximum })
  if (value <= schema.exclusiveMinimum) return t('check.above', { limit: schema.exclusiveMinimum })
  if (value >= schema.exclusiveMaximum) return t('check.below', { limit: schema.exclusiveMaximum })
  return ''
}

/** One that this browser cannot read is left to the server. */
function fits(pattern, text) {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch (error) {
    return true
  }
}

function isDay(text) {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** As written by hand: spaces in a number and small letters are put right where that makes it fit. */
export function tidied(schema, text) {
  const plain = text.normalize('NFC').trim()
  if (!schema.pattern) return plain
  const packed = plain.replace(/[\s.-]/g, '')
  const ways = [plain, packed, plain.toUpperCase(), packed.toUpperCase()]
  return ways.find((way) => fits(schema.pattern, way)) || plain
}

/** A number as people write it, `1.500.000` or `62,5`; the text itself if it is none. */
export function number(schema, text) {
  const plain = text.trim()
  if (/^[0-9]{1,3}([., ][0-9]{3})+$/.test(plain) && schema.type === 'integer')
    return Number(plain.replace(/[., ]/g, ''))
  const pattern = schema.type === 'integer' ? /^-?[0-9]{1,15}$/ : /^-?[0-9]{1,12}([.,][0-9]{1,6})?$/
  return pattern.test(plain) ? Number(plain.replace(',', '.')) : plain
}
