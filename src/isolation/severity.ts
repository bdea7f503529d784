import type { Severity } from './check.js'

/** The worst first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const satisfies readonly Severity[]

export function bySeverity(a: Severity, b: Severity): number {
  return SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b)
}

export function atLeast(severity: Severity, least: Severity): boolean {
  return bySeverity(severity, least) <= 0
}
