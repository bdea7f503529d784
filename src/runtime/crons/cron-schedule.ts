import { Cron as Pattern } from 'croner'
import { AuthkitError } from '../../errors/authkit-error.js'

/** When a cron comes, and until when. */
export interface Timetable {
  readonly schedule: string
  /** An IANA name; null is UTC. */
  readonly timezone: string | null
  /** From then on it does not come any more. */
  readonly end_time: string | null
}

/** What the five fields may be written with. It keeps out dates, which the library would take for a schedule too. */
const WRITTEN_WITH = /^[\dA-Za-z*?,\-/#+ \t]+$/

/** Offsets such as +02:00 are time zones on some versions of Node.js only. */
const ZONE_NAME = /^[A-Za-z]/

/**
 * Checks a schedule: five fields (minute, hour, day of month, month, day of week), with names such as `MON` and `JAN` and
 * the library's `L`, `W`, `#` and `+` where they fit. Fields of seconds and years, and nicknames such as `@daily`, are
 * refused: other servers of this API don't take them.
 *
 * @throws AuthkitError `invalid_request` for another schedule, a time zone that is none, or a schedule that never comes again.
 */
export function checkSchedule(schedule: string, timezone: string | null, now: Date): void {
  if (timezone !== null && !isZone(timezone)) throw invalid(`Invalid timezone '${timezone}': not an IANA time zone`)
  const fields = schedule.trim().split(/\s+/).length
  if (fields !== 5) throw badSchedule(schedule, `it has ${fields} fields instead of five`)
  if (!WRITTEN_WITH.test(schedule)) throw badSchedule(schedule, 'it holds a character that no field knows')
  if (!following(schedule, timezone, now)) throw badSchedule(schedule, 'it never comes')
}

/**
 * The next time strictly after a moment; null where there is none before the end. A time of day that daylight saving skips
 * comes right after the gap, and one that happens twice comes once; what repeats within the hour or by the hour skips
 * the gap, and goes on through the hour that is repeated.
 *
 * @throws AuthkitError `invalid_request` where the schedule is none.
 * @example
 * nextTime({ schedule: '0 9 * * MON-FRI', timezone: 'Europe/Berlin', end_time: null }, new Date())
 */
export function nextTime({ schedule, timezone, end_time }: Timetable, after: Date): string | null {
  const next = following(schedule, timezone, after)
  if (!next || (end_time !== null && next.getTime() >= Date.parse(end_time))) return null
  return next.toISOString()
}

/** Whether the time of a cron is over. */
export function hasEnded({ end_time }: Pick<Timetable, 'end_time'>, now: Date): boolean {
  return end_time !== null && Date.parse(end_time) <= now.getTime()
}

function following(schedule: string, timezone: string | null, after: Date): Date | null {
  try {
    return new Pattern(schedule, { mode: '5-part', timezone: timezone ?? 'UTC', paused: true }).nextRun(after)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    throw badSchedule(schedule, reason)
  }
}

function isZone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function badSchedule(schedule: string, reason: string): AuthkitError {
  return invalid(`Invalid cron schedule '${schedule}': ${reason}`)
}

function invalid(message: string): AuthkitError {
  return new AuthkitError('invalid_request', message)
}
