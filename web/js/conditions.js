// What is for some cases only: the same rule as the server's (chalicelib/domain/conditions.py).
import { pick, t } from './i18n.js'

/** Names of the conditions that these answers make hold. */
export const holding = (conditions, answers) => Object.keys(conditions).filter((name) => holds(conditions[name], answers))

function holds(condition, answers) {
  const answer = condition.at.split('/').slice(1).reduce((found, name) => (found instanceof Object ? found[name] : undefined), answers)
  if (answer === undefined || (condition.one_of.length && !condition.one_of.includes(answer))) return false
  const { at_least: least, at_most: most } = condition
  return (least === null || answer >= least) && (most === null || answer <= most)
}

/** Whether it is for a dossier of which these hold. */
export const applies = (each, names) => each.when.every((name) => names.includes(name)) && !each.unless.some((name) => names.includes(name))

/** In words, in which cases it is; empty for all. */
export function cases(each, conditions) {
  const said = (names, key) => names.map((name) => t(key, { what: pick(conditions[name].name) }))
  return [...said(each.when, 'case.when'), ...said(each.unless, 'case.unless')].join(', ')
}
