import { existsSync } from 'node:fs'

export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv
  readonly platform?: NodeJS.Platform
  readonly exists?: (path: string) => boolean
}

/**
 * Why no browser of the person could be opened here, or could not reach this machine. Undefined where one probably can.
 *
 * @example
 * whyNoBrowser({ environment: { SSH_CONNECTION: '...' } }) // 'this is an SSH session'
 */
export function whyNoBrowser({
  environment: env,
  platform = process.platform,
  exists = existsSync,
}: Surroundings): string | undefined {
  // Whoever sets it has said how to open one, as editors do that forward ports from another machine.
  if (env['BROWSER'] && platform === 'linux') return undefined
  if (env['SSH_CONNECTION'] || env['SSH_TTY']) return 'this is an SSH session'
  if (platform !== 'linux' || env['WSL_DISTRO_NAME']) return undefined
  if (env['DISPLAY'] || env['WAYLAND_DISPLAY']) return undefined
  const inContainer =
    env['KUBERNETES_SERVICE_HOST'] || env['container'] || ['/.dockerenv', '/run/.containerenv'].some(exists)
  return inContainer ? 'this is a container without a display' : 'there is no display'
}
