import type { Scene } from '../check.js'
import { dormant } from '../fixtures.js'

/** The body of a cron that never fires. */
export function dormantCron({ agent, halt, message, marker }: Scene) {
  return { assistant_id: agent, ...dormant(), input: message(marker), ...halt }
}
