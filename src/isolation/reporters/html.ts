import { type CheckResult, type IsolationEvent, resultKey } from '../events.js'
import { FAMILIES } from '../explain/about.js'
import { incidentsOf } from '../explain/incidents.js'
import { sentence } from '../explain/page.js'
import { referenceOf } from '../explain/references.js'
import { fixOf } from '../fix.js'
import { STYLE } from './html-style.js'
import { matrixOf } from './matrix.js'
import { headlineOf, type RunRecord, recordOf, skippedReasons } from './record.js'
import { repeatLines } from './repeat.js'
import {
  acceptedBecause,
  adviceFor,
  failureOf,
  plural,
  reasonOf,
  seconds,
  strongest,
  titleOf,
  type Word,
} from './wording.js'
import { escapeXml } from './xml.js'

/** Markup that is safe to stand in a page as it is. */
interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Markup[] | undefined

/** A template in which everything that is not markup already is escaped. */
function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const rendered = parts.map((part) => {
    if (part === undefined) return ''
    if (typeof part === 'string' || typeof part === 'number') return escapeXml(String(part))
    return Array.isArray(part) ? part.map(({ markup }) => markup).join('\n') : (part as Markup).markup
  })
  return { markup: String.raw({ raw: strings }, ...rendered) }
}

const STATE_WORDS: Readonly<Record<Word, string>> = {
  isolated: 'ok',
  leak: 'LEAK',
  accepted: 'known',
  inconclusive: 'open',
  skipped: 'skipped',
}

/** One page that needs nothing but itself: no script, no font, no image, no network. */
export function htmlReport(events: readonly IsolationEvent[], { version }: { version: string }): string {
  const record = recordOf(events)
  const { run, finished, results, leaks, accepted, open } = record
  const notes = finished.notes ?? []
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${headlineOf(record)}: ${run.target}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
${header(record)}
${finished.stop ? stopped(finished.stop) : undefined}
${results.length > 0 ? matrix(results) : undefined}
${section('Leaks', leaks.map(leak))}
${section('Known leaks', accepted.map(known), 'The baseline accepts these for a while. They are leaks all the same.')}
${section('Not decided', open.map(undecided), 'Nobody can tell from these answers whether users are isolated.')}
${section('Notes', notes.length > 0 ? [list(notes.map((note) => html`<li>${note}</li>`))] : [])}
${section('Not tried', notTried(results), 'What was not tried is not proved.')}
${section('Left on the server', leftOver(finished.cleanup?.left ?? []))}
${section('Every check', families(results))}
</main>
<footer>
<p>authkit test-isolation ${version}, run <code>${run.id}</code>, seed ${run.seed}, exit code ${finished.exitCode}. Tokens are left out; the markers in here were made for this run.</p>
<p>Again, in the same order: <code>authkit test-isolation --url ${run.target} --seed ${run.seed}</code></p>
</footer>
</body>
</html>
`
  return page.markup
}

function header(record: RunRecord): Markup {
  const { run, finished, results } = record
  const { summary } = finished
  const counts: readonly (readonly [word: Word, label: string])[] = [
    ['leak', summary.leak === 1 ? 'leak' : 'leaks'],
    ...(summary.accepted > 0 ? ([['accepted', 'known']] as const) : []),
    ['inconclusive', 'not decided'],
    ['isolated', 'isolated'],
    ['skipped', 'not tried'],
  ]
  const who = Object.entries(run.identities).map(([name, identity]) => `${capital(name)} was ${identity}`)
  const server = run.server ? ` (${run.server})` : ''
  const people = who.length > 0 ? ` ${who.join(', ')}.` : ''
  return html`<header>
<p class="eyebrow">Isolation report, <time datetime="${run.startedAt}">${dateOf(run.startedAt)}</time></p>
<h1>${headlineOf(record)}</h1>
<p class="lead">${plural(results.length, 'result')} from <strong>${run.target}</strong>${server}, ${finished.requests.toLocaleString('en-GB')} requests in ${seconds(finished.ms)}.${people}${finished.interrupted ? ' The run was interrupted.' : ''}</p>
<dl class="counts">
${counts.map(([word, label]) => html`<div class="${summary[word] === 0 ? 'none' : word}"><dt>${label}</dt><dd>${summary[word]}</dd></div>`)}
</dl>
</header>`
}

function stopped({ id, message, advice, evidence }: NonNullable<RunRecord['finished']['stop']>): Markup {
  const kind = evidence.length > 0 ? 'leak' : 'inconclusive'
  return html`<section>
<h2>Ended before the first check</h2>
<article class="finding ${kind}">
<p class="meta"><span class="badge">${kind === 'leak' ? 'critical' : 'not decided'}</span> <code>${id}</code></p>
<h3>${message}</h3>
<dl class="parts">
${evidence.map(
  (
    one,
  ) => html`<dt>Saw</dt><dd><code>${one.excerpt}</code> <span class="quiet">in ${one.status} ${one.route}</span></dd>
<dt>Repeat</dt><dd>${pre(repeatLines(one.curl).join('\n'))}</dd>`,
)}
<dt>Fix</dt><dd><p>${advice}</p></dd>
</dl>
</article>
</section>`
}

/** A section, where there is anything in it. */
function section(title: string, content: readonly Markup[], intro?: string): Markup | undefined {
  if (content.length === 0) return undefined
  return html`<section>
<h2>${title}</h2>
${intro === undefined ? undefined : html`<p class="quiet">${intro}</p>`}
${content}
</section>`
}

function leak(result: CheckResult): Markup {
  const { check } = result
  return html`<article class="finding leak">
${heading(result, check.severity)}
${check.impact === undefined ? undefined : html`<p>${check.impact}</p>`}
${proof(result)}
</article>`
}

function known(result: CheckResult): Markup {
  return html`<article class="finding accepted">
${heading(result, `known, ${result.check.severity}`)}
<p>${acceptedBecause(result.accepted)}</p>
<details><summary>Evidence and fix</summary>${proof(result)}</details>
</article>`
}

function heading({ check, actor, ...result }: CheckResult, badge: string): Markup {
  return html`<p class="meta"><span class="badge">${badge}</span> <code>${resultKey({ check, actor, ...result })}</code></p>
<h3>${failureOf(check, actor)}</h3>`
}

/** What was seen, how to repeat it, how to repair it, where to read on. */
function proof({ check, verdict }: CheckResult): Markup {
  const best = strongest(verdict.kind === 'leak' ? verdict.evidence : [])
  const fix = fixOf(check.fix)
  const links = [
    ...check.refs.map(referenceOf),
    ...incidentsOf(check.id).flatMap(({ where, url }) => (url === undefined ? [] : [{ label: where, url }])),
  ]
  return html`<dl class="parts">
<dt>Saw</dt><dd><ul class="saw">
${best.map((one) => html`<li><span class="seen">${one.slot}: <code>${one.excerpt}</code></span> <span class="place">${one.where === 'answer' ? '' : `at ${one.where} `}in ${one.status} <code>${one.route}</code></span></li>`)}
</ul></dd>
${best[0] ? html`<dt>Repeat</dt><dd>${pre(repeatLines(best[0].curl).join('\n'))}<p class="quiet">The run has removed these objects. Leave them for a look with <code>--only ${check.id} --keep</code>.</p></dd>` : undefined}
<dt>Fix</dt><dd><p>${sentence(fix.words)}</p>${fix.code === undefined ? undefined : pre(fix.code)}</dd>
<dt>More</dt><dd><p class="quiet">${links.map(({ label, url }) => html`<a href="${url}" rel="noreferrer">${label}</a><br>`)}<code>authkit test-isolation --explain ${check.id}</code></p></dd>
</dl>`
}

function undecided(result: CheckResult): Markup {
  const reason = reasonOf(result.verdict) ?? ''
  return html`<article class="finding inconclusive">
<p class="meta"><span class="badge">not decided</span> <code>${resultKey(result)}</code></p>
<h3>${titleOf(result.check, result.actor)}?</h3>
<dl class="parts"><dt>Why</dt><dd>${sentence(reason)}</dd><dt>Do</dt><dd>${sentence(adviceFor(reason))}</dd></dl>
</article>`
}

function matrix(results: readonly CheckResult[]): Markup {
  const { columns, rows } = matrixOf(results)
  const notes = rows.some(({ note }) => note !== undefined)
  const cell = (word: Word | undefined) =>
    word === undefined
      ? html`<td><span class="word-skipped" aria-label="no check">–</span></td>`
      : html`<td><span class="word-${word}">${STATE_WORDS[word]}</span></td>`
  return html`<section>
<h2>Who could do what</h2>
<p class="quiet">Each cell is the worst of its checks: whose data, who attacked, and what was tried.</p>
<div class="scroll" role="region" aria-label="Matrix of attackers and operations" tabindex="0">
<table class="matrix">
<thead><tr><th scope="col">data</th><th scope="col">attacker</th>${columns.map((operation) => html`<th scope="col">${operation}</th>`)}${notes ? html`<th scope="col">note</th>` : undefined}</tr></thead>
<tbody>
${rows.map(({ resource, actor, cells, note }, index) => {
  const again = rows[index - 1]?.resource === resource
  return html`<tr class="${again ? 'more' : 'first'}"><th scope="row">${again ? html`<span aria-label="${resource}"></span>` : resource}</th><th scope="row">${actor}</th>${cells.map(cell)}${notes ? html`<td class="note">${note}</td>` : undefined}</tr>`
})}
</tbody>
</table>
</div>
</section>`
}

function notTried(results: readonly CheckResult[]): Markup[] {
  const reasons = skippedReasons(results)
  if (reasons.length === 0) return []
  return [list(reasons.map(([reason, count]) => html`<li>${plural(count, 'check')}: ${reason}</li>`))]
}

function leftOver(left: readonly { kind: string; id: string; curl: string }[]): Markup[] {
  if (left.length === 0) return []
  return [html`<p>These could not be removed. Each line removes one.</p>`, pre(left.map(({ curl }) => curl).join('\n'))]
}

/** All results, folded by family. */
function families(results: readonly CheckResult[]): Markup[] {
  const names = [...new Set(results.map(({ check }) => check.family))]
  return names.map((family) => {
    const own = results.filter(({ check }) => check.family === family)
    const words = own.map(({ verdict, accepted }): Word => (accepted ? 'accepted' : verdict.kind))
    const counts = (Object.keys(STATE_WORDS) as Word[]).flatMap((word) => {
      const count = words.filter((one) => one === word).length
      return count === 0 ? [] : [`${count} ${word === 'accepted' ? 'known' : word}`]
    })
    return html`<details class="group">
<summary><b>${family}</b> <span>${FAMILIES[family]}</span> <span class="quiet">${counts.join(', ')}</span></summary>
<div><table class="rows">
<thead><tr><th scope="col">verdict</th><th scope="col">check</th><th scope="col">what holds</th><th scope="col">answer</th></tr></thead>
<tbody>
${own.map((result, index) => row(result, words[index] ?? result.verdict.kind))}
</tbody>
</table></div>
</details>`
  })
}

function row(result: CheckResult, word: Word): Markup {
  const { check, actor, verdict } = result
  return html`<tr><td class="word-${word}">${STATE_WORDS[word]}</td><th scope="row"><code>${resultKey(result)}</code></th><td>${verdict.kind === 'leak' ? failureOf(check, actor) : titleOf(check, actor)}</td><td>${reasonOf(verdict) ?? ''}</td></tr>`
}

function list(items: readonly Markup[]): Markup {
  return html`<ul class="plain">${items}</ul>`
}

/** Scrolled sideways where it is wide, so it can be reached by keyboard. */
function pre(text: string): Markup {
  return html`<pre tabindex="0">${text}</pre>`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** `28 November 2026, 16:15 UTC`. */
function dateOf(iso: string): string {
  const date = new Date(iso)
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  return `${day}, ${iso.slice(11, 16)} UTC`
}
