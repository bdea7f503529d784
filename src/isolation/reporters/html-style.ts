/** The style sheet of the HTML report: light and dark, phone, desk and paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1b18; --soft: #67625a; --line: #e5e1d8; --code: #f4f1ea;
  --leak: #a8201a; --leak-wash: #fbe9e6; --ok: #1c6847; --ok-wash: #e6f2ea;
  --open: #7d5200; --open-wash: #faefd6; --known: #5b4691; --known-wash: #eeeaf8;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --serif: "Iowan Old Style", Charter, "Palatino Linotype", Palatino, "Source Serif 4", Georgia, "DejaVu Serif", serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151412; --card: #1d1b19; --ink: #ece8e1; --soft: #a39d93; --line: #35322d; --code: #262320;
    --leak: #ff9a8f; --leak-wash: #3a1d1a; --ok: #86d3a9; --ok-wash: #1a2f25;
    --open: #eec273; --open-wash: #352a14; --known: #c6b5f2; --known-wash: #2a2440;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 var(--sans); font-kerning: normal; }
main, footer { max-width: 60rem; margin: 0 auto; padding: 0 clamp(1.1rem, 4vw, 2.5rem); }
main { padding-top: clamp(2.2rem, 7vw, 5rem); }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.15; text-wrap: balance; margin: 0; }
h1 { font-size: clamp(2.1rem, 6.5vw, 3.6rem); letter-spacing: -0.02em; }
h2 { font-size: 1.6rem; letter-spacing: -0.01em; margin: 4.5rem 0 1.2rem; }
h3 { font-size: 1.25rem; line-height: 1.3; }
p { margin: 0 0 1rem; max-width: 42rem; text-wrap: pretty; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--known); outline-offset: 3px; border-radius: 3px; }
code, pre { font-family: var(--mono); font-size: 0.86em; font-variant-ligatures: none; }
code { overflow-wrap: anywhere; }
pre { margin: 0; padding: 0.9rem 1.1rem; background: var(--code); border-radius: 8px; overflow-x: auto; line-height: 1.55; tab-size: 2; }
.eyebrow { margin: 0 0 0.9rem; color: var(--soft); font-size: 0.9rem; }
.lead { margin: 1.4rem 0 0; font-size: 1.12rem; color: var(--soft); }
.lead strong { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
.counts { display: flex; flex-wrap: wrap; gap: 1.4rem 2.6rem; margin: 2.6rem 0 0; padding: 1.5rem 0 0; border-top: 1px solid var(--line); }
.counts div { display: flex; flex-direction: column-reverse; }
.counts dt { color: var(--soft); font-size: 0.9rem; }
.counts dd { margin: 0; font: 600 2.1rem/1.1 var(--serif); font-variant-numeric: lining-nums tabular-nums; }
.counts .leak, .word-leak { color: var(--leak); } .counts .isolated, .word-isolated { color: var(--ok); }
.counts .inconclusive, .word-inconclusive { color: var(--open); } .counts .accepted, .word-accepted { color: var(--known); }
.counts .none, .word-skipped { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.94rem; }
th { font-weight: 600; text-align: left; }
thead th { color: var(--soft); font-weight: 500; font-size: 0.88rem; padding: 0 0.6rem 0.5rem; white-space: nowrap; }
td, tbody th { padding: 0.42rem 0.6rem; vertical-align: baseline; border-top: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
.matrix tbody th, .matrix td { white-space: nowrap; }
.matrix tbody th + th { font-weight: 400; color: var(--soft); }
.matrix .more th, .matrix .more td { border-top-color: transparent; }
.matrix td { padding: 0.3rem 0.35rem; }
.matrix td span { display: block; min-width: 4rem; padding: 0.12rem 0.5rem; border-radius: 5px; text-align: center; font-size: 0.88rem; }
.matrix .word-leak { background: var(--leak-wash); font-weight: 700; } .matrix .word-isolated { background: var(--ok-wash); }
.matrix .word-inconclusive { background: var(--open-wash); font-weight: 600; } .matrix .word-accepted { background: var(--known-wash); font-weight: 600; }
.matrix thead th:nth-child(n + 3) { text-align: center; }
.matrix .note { color: var(--soft); white-space: normal; font-size: 0.88rem; }
.finding { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--leak); border-radius: 10px; padding: clamp(1.1rem, 3vw, 1.8rem); margin: 0 0 1.6rem; }
.finding.accepted { border-left-color: var(--known); } .finding.inconclusive { border-left-color: var(--open); }
.finding h3 + p { margin-top: 0.7rem; }
.meta { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: baseline; margin: 0 0 0.6rem; font-size: 0.9rem; color: var(--soft); }
.badge { font-weight: 700; color: var(--leak); } .accepted .badge { color: var(--known); } .inconclusive .badge { color: var(--open); }
.parts { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: 1.1rem 1.2rem; margin: 1.3rem 0 0; }
.parts dt { color: var(--soft); font-size: 0.94rem; }
.parts dd { margin: 0; min-width: 0; }
.parts dd > * + * { margin-top: 0.7rem; } .parts p { margin-bottom: 0; }
.saw { list-style: none; margin: 0; padding: 0; } .saw li + li { margin-top: 0.7rem; }
.saw .seen { display: block; } .saw .place { color: var(--soft); font-size: 0.9rem; }
.quiet { color: var(--soft); font-size: 0.92rem; }
.plain { padding-left: 1.2rem; max-width: 46rem; } .plain li { margin: 0 0 0.5rem; }
details.group { border-top: 1px solid var(--line); } details.group:last-of-type { border-bottom: 1px solid var(--line); }
details.group > summary { cursor: pointer; padding: 0.85rem 0; display: flex; gap: 0.3rem 0.8rem; flex-wrap: wrap; align-items: baseline; list-style: none; }
details.group > summary::-webkit-details-marker { display: none; }
details.group > summary::before { content: "+"; width: 0.9rem; color: var(--soft); font-family: var(--mono); }
details.group[open] > summary::before { content: "\\2212"; }
details.group > summary b { font-weight: 600; }
details.group > div { padding: 0 0 1.6rem 1.7rem; }
.rows td:nth-child(2) { overflow-wrap: anywhere; } .rows td:last-child { color: var(--soft); }
footer { margin-top: 5rem; padding-top: 1.6rem; padding-bottom: 4rem; color: var(--soft); font-size: 0.9rem; }
footer p { margin-bottom: 0.4rem; }
@media (max-width: 40rem) {
  h2 { margin-top: 3.4rem; }
  .parts { grid-template-columns: minmax(0, 1fr); gap: 0.3rem; } .parts dd + dt { margin-top: 1rem; }
  .counts { gap: 1.1rem 2rem; } .counts dd { font-size: 1.7rem; }
  details.group > div { padding-left: 0; }
  .rows thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  .rows tr { display: block; padding: 0.6rem 0; border-top: 1px solid var(--line); } .rows td, .rows th { display: block; border: 0; padding: 0.05rem 0; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --code: #f4f4f4; --leak: #8a0f0a; --ok: #0d4d31; --open: #5d3c00; --known: #3f2d6f;
    --leak-wash: #fff; --ok-wash: #fff; --open-wash: #fff; --known-wash: #fff; }
  body { font-size: 10pt; } main { padding-top: 0; } h2 { margin-top: 2rem; break-after: avoid; }
  pre { white-space: pre-wrap; border: 1px solid var(--line); } .scroll { overflow: visible; }
  .finding, tr { break-inside: avoid; } a[href^="http"]::after { content: " (" attr(href) ")"; font-size: 0.85em; overflow-wrap: anywhere; }
  details:not([open])::details-content { content-visibility: visible; block-size: auto; }
}
`
