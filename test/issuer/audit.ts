import type { Page } from 'playwright-core'

/**
 * What keeps people out of a page: things without a name, text that is too faint, targets that are too small. It looks at the
 * page as it is laid out, so colours and sizes are those of the moment.
 */
export function barriersOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const all = <E extends Element = HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)]
    const say = (wrong: boolean, what: string) => void (wrong && found.push(what))

    say(document.documentElement.lang !== 'en', 'no language')
    say(document.title.trim() === '', 'no title')
    say(all('h1').length !== 1, `${all('h1').length} first headings`)
    say(all('main').length !== 1, 'no main part')
    say(all('script, [onclick], [style]').length > 0, 'scripts or inline styles')
    const ids = all('[id]').map(({ id }) => id)
    say(new Set(ids).size !== ids.length, 'an id twice')
    for (const element of all('[aria-describedby], [aria-labelledby]'))
      for (const name of ['aria-describedby', 'aria-labelledby'])
        for (const id of (element.getAttribute(name) ?? '').split(/\s+/).filter(Boolean))
          say(!document.getElementById(id), `${name} of what is not there: ${id}`)

    const visible = (element: Element) => element.getClientRects().length > 0
    for (const input of all<HTMLInputElement>('input:not([type=hidden])')) {
      say(!input.labels?.[0]?.innerText.trim(), `an input without a label: ${input.name}`)
      say(input.getAttribute('aria-invalid') === 'true' && !input.getAttribute('aria-describedby'), 'a silent problem')
    }
    // WCAG 2.5.8 leaves links in sentences alone.
    for (const target of all('button, :not(p) > a, input:not([type=hidden])').filter(visible)) {
      say(target.tagName !== 'INPUT' && target.innerText.trim() === '', `a nameless ${target.tagName}`)
      const { height, width } = target.getBoundingClientRect()
      say(
        height < (target.tagName === 'A' ? 24 : 44) || width < 24,
        `too small: ${target.outerHTML} ${width}x${height}`,
      )
    }

    const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number)
    const luminance = (color: string) => {
      const [r = 0, g = 0, b = 0] = channels(color).map((value) => {
        const part = value / 255
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const contrast = (a: string, b: string) => {
      const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
      return (light + 0.05) / (dark + 0.05)
    }
    const behind = (element: Element | null): string => {
      if (!element) return 'rgb(255, 255, 255)'
      const { backgroundColor } = getComputedStyle(element)
      const [, , , alpha = 1] = channels(backgroundColor)
      return alpha === 0 ? behind(element.parentElement) : backgroundColor
    }
    for (const element of all('body *').filter(visible)) {
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim())
      if (!text) continue
      const ratio = contrast(getComputedStyle(element).color, behind(element))
      say(ratio < 4.5, `too faint (${ratio.toFixed(1)}): ${element.textContent?.trim().slice(0, 40)}`)
    }
    for (const field of all('input:not([type=hidden]), button.primary').filter(visible)) {
      const ratio = contrast(getComputedStyle(field).borderTopColor, behind(field.parentElement))
      say(ratio < 3, `a field that nobody sees (${ratio.toFixed(1)})`)
    }
    say(document.documentElement.scrollWidth > window.innerWidth, 'wider than the window')
    return found
  })
}
