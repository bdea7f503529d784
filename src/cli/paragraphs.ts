/**
 * Text that is written over several lines of source and shown as paragraphs: a line break is a space, an empty line is a
 * new paragraph. The help wraps it to the width of the terminal.
 */
export function paragraphs(strings: TemplateStringsArray): string {
  return strings.join('').replaceAll(/(?<!\n)\n(?!\n)/g, ' ')
}
