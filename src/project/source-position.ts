import { relative, sep } from 'node:path'

/** `line:column` of an offset in a text, both counted from 1. */
export function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`
}

/** A path as people read it: relative to the project, with slashes on every system. */
export function relativeTo(root: string, path: string): string {
  return relative(root, path).replaceAll(sep, '/')
}
