/** The style sheet of the sign-in pages, of one family with the HTML report: light and dark, phone and desk. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1b18; --soft: #67625a; --line: #e5e1d8; --field: #8d877c; --code: #f4f1ea;
  --accent: #5b4691; --on-accent: #ffffff; --wash: #f4f1fb; --bad: #a8201a; --bad-wash: #fbe9e6;
  --shade: 0 1px 2px rgb(60 50 30 / 0.05), 0 12px 32px -12px rgb(60 50 30 / 0.12);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --serif: "Iowan Old Style", Charter, "Palatino Linotype", Palatino, "Source Serif 4", Georgia, "DejaVu Serif", serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151412; --card: #1d1b19; --ink: #ece8e1; --soft: #a39d93; --line: #35322d; --field: #7d776d; --code: #262320;
    --accent: #c6b5f2; --on-accent: #1d1b19; --wash: #29253a; --bad: #ff9a8f; --bad-wash: #3a1d1a;
    --shade: 0 1px 2px rgb(0 0 0 / 0.3), 0 16px 40px -16px rgb(0 0 0 / 0.6);
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; height: 100%; }
body {
  margin: 0; min-height: 100%; display: flex; flex-direction: column; align-items: center; justify-content: safe center;
  padding: 2.5rem 1.25rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); font-kerning: normal;
}
main, footer { width: 100%; max-width: 27rem; }
main { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 2.25rem; box-shadow: var(--shade); }
.eyebrow { margin: 0 0 0.55rem; color: var(--soft); font-size: 0.875rem; }
h1 { font: 600 2rem/1.15 var(--serif); letter-spacing: -0.015em; text-wrap: balance; margin: 0; overflow-wrap: anywhere; }
h2 { font: 600 0.9375rem/1.4 var(--sans); margin: 0 0 0.7rem; }
p { margin: 0; text-wrap: pretty; }
.lead { margin-top: 0.7rem; color: var(--soft); }
.lead strong { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
.quiet { color: var(--soft); font-size: 0.9rem; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
code { font: 0.875em var(--mono); font-variant-ligatures: none; overflow-wrap: anywhere; }
form { margin: 0; }
section, .part { margin-top: 1.75rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
button, input { font: inherit; color: inherit; }
button { cursor: pointer; min-height: 2.9rem; padding: 0.55rem 1.25rem; border-radius: 10px; border: 1px solid var(--field); background: transparent; font-weight: 600; }
button:hover { border-color: var(--ink); }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button.primary:hover { filter: brightness(1.08); }
button.plain { border: 0; min-height: 2.75rem; padding: 0 0.25rem; margin-inline: -0.25rem; font-weight: 400; color: var(--soft); text-decoration: underline; text-decoration-color: transparent; text-underline-offset: 0.2em; }
button.plain:hover { text-decoration-color: currentColor; color: var(--ink); }
.people { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.6rem; }
.people button { display: flex; align-items: center; gap: 0.9rem; width: 100%; min-height: 3.9rem; padding: 0.6rem 0.9rem; text-align: start; border-color: var(--line); border-radius: 12px; }
.people button:hover { border-color: var(--accent); background: var(--wash); }
.people .face { flex: none; width: 2.4rem; height: 2.4rem; border-radius: 50%; display: grid; place-items: center; background: var(--wash); color: var(--accent); font: 600 1.1rem/1 var(--serif); }
.people button:hover .face { background: var(--card); }
.people .who { min-width: 0; overflow-wrap: anywhere; line-height: 1.3; }
.people .now { margin-inline-start: auto; color: var(--soft); font-weight: 400; font-size: 0.8125rem; }
.people small { display: block; font: 0.8125rem/1.4 var(--mono); color: var(--soft); }
label { display: block; font-weight: 600; font-size: 0.9375rem; }
.hint { color: var(--soft); font-size: 0.875rem; margin-top: 0.15rem; }
.row { display: flex; gap: 0.6rem; margin-top: 0.55rem; }
.row input { flex: 1; }
input { min-width: 0; width: 100%; min-height: 2.9rem; padding: 0.5rem 0.85rem; border: 1px solid var(--field); border-radius: 10px; background: var(--card); }
input.code { font: 600 1.4rem/1.2 var(--mono); letter-spacing: 0.12em; text-align: center; text-transform: uppercase; min-height: 3.6rem; margin-top: 0.55rem; }
input.code::placeholder { color: var(--soft); font-weight: 400; opacity: 0.8; }
[aria-invalid="true"] { border-color: var(--bad); border-width: 2px; }
.problem { color: var(--bad); background: var(--bad-wash); border-radius: 10px; padding: 0.7rem 0.9rem; margin-top: 0.75rem; font-size: 0.9375rem; }
.or { margin-top: 1.75rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
.rights { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
.rights li { padding: 0.7rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.rights small { display: block; color: var(--soft); font-size: 0.875rem; }
.code-shown { display: block; margin-top: 0.5rem; font: 600 1.4rem/1.2 var(--mono); letter-spacing: 0.12em; }
.box { background: var(--wash); border-radius: 12px; padding: 0.9rem 1.1rem; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6rem 1rem; margin-top: 1.75rem; }
dl { display: grid; gap: 0.9rem; margin: 0; } dt { color: var(--soft); font-size: 0.875rem; } dd { margin: 0; overflow-wrap: anywhere; } dd a { display: inline-block; padding: 0.2rem 0; margin: -0.2rem 0; }
footer { margin-top: 1.25rem; padding: 0 0.5rem; color: var(--soft); font-size: 0.875rem; text-align: center; }
@media (max-width: 30rem) {
  body { padding: 0; justify-content: flex-start; background: var(--card); }
  main { border: 0; border-radius: 0; box-shadow: none; padding: 2rem 1.35rem 1rem; }
  footer { padding: 0 1.35rem 2rem; margin-top: 0.5rem; }
  h1 { font-size: 1.75rem; }
}
@media (forced-colors: active) { button.primary { border-width: 2px; } }
`
