/** The style sheet of the callback page, of one family with the sign-in pages of `authkit dev`: light and dark, phone and desk. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1b18; --soft: #67625a; --line: #e5e1d8; --code: #f4f1ea;
  --ok: #1c6847; --ok-wash: #e6f2ea; --bad: #a8201a; --bad-wash: #fbe9e6;
  --shade: 0 1px 2px rgb(60 50 30 / 0.05), 0 12px 32px -12px rgb(60 50 30 / 0.12);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --serif: "Iowan Old Style", Charter, "Palatino Linotype", Palatino, "Source Serif 4", Georgia, "DejaVu Serif", serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151412; --card: #1d1b19; --ink: #ece8e1; --soft: #a39d93; --line: #35322d; --code: #262320;
    --ok: #86d3a9; --ok-wash: #1a2f25; --bad: #ff9a8f; --bad-wash: #3a1d1a;
    --shade: 0 1px 2px rgb(0 0 0 / 0.3), 0 16px 40px -16px rgb(0 0 0 / 0.6);
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; height: 100%; }
body {
  margin: 0; min-height: 100%; display: flex; flex-direction: column; align-items: center; justify-content: safe center;
  padding: 2.5rem 1.25rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); font-kerning: normal;
}
main { width: 100%; max-width: 27rem; background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 2.25rem; box-shadow: var(--shade); }
.mark { display: grid; place-items: center; width: 3rem; height: 3rem; border-radius: 50%; margin: 0 0 1.35rem; background: var(--ok-wash); color: var(--ok); }
.bad .mark { background: var(--bad-wash); color: var(--bad); }
.mark svg { width: 1.6rem; height: 1.6rem; fill: none; stroke: currentColor; stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
.eyebrow { margin: 0 0 0.55rem; color: var(--soft); font-size: 0.875rem; }
h1 { font: 600 2rem/1.15 var(--serif); letter-spacing: -0.015em; text-wrap: balance; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; text-wrap: pretty; }
.lead { margin-top: 0.8rem; color: var(--soft); }
.lead strong { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
.next { margin-top: 1.35rem; padding-top: 1.2rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.9375rem; }
code { font: 0.875em var(--mono); font-variant-ligatures: none; background: var(--code); padding: 0.12em 0.4em; border-radius: 5px; }
@media (max-width: 26rem) { main { padding: 1.6rem 1.35rem; } h1 { font-size: 1.7rem; } }
@media (forced-colors: active) { main, .mark { border: 1px solid CanvasText; } }
`
