import type { Scene } from '../check.js'

/** The body of a cron that never fires: it is disabled, its day is years away, and it ends within the hour. */
export function dormantCron({ agent, halt, message, marker }: Scene) {
  return {
    assistant_id: agent,
    schedule: '0 0 29 2 *',
    enabled: false,
    end_time: new Date(Date.now() + 3_600_000).toISOString(),
    input: message(marker),
    ...halt,
  }
}
