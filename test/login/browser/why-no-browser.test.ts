import { expect, it } from 'vitest'
import { whyNoBrowser } from '../../../src/login/browser/why-no-browser.js'

it.each<[string, NodeJS.ProcessEnv, NodeJS.Platform, readonly string[], string | undefined]>([
  ['a desk', { DISPLAY: ':0' }, 'linux', [], undefined],
  ['Wayland', { WAYLAND_DISPLAY: 'wayland-0' }, 'linux', [], undefined],
  ['a Mac', {}, 'darwin', [], undefined],
  ['Windows', {}, 'win32', [], undefined],
  ['Windows behind Linux', { WSL_DISTRO_NAME: 'Debian' }, 'linux', [], undefined],
  ['no display', {}, 'linux', [], 'there is no display'],
  ['SSH', { SSH_CONNECTION: '1', DISPLAY: ':0' }, 'linux', [], 'this is an SSH session'],
  ['SSH to a Mac', { SSH_TTY: '/dev/ttys1' }, 'darwin', [], 'this is an SSH session'],
  ['Docker', {}, 'linux', ['/.dockerenv'], 'this is a container without a display'],
  ['Podman', {}, 'linux', ['/run/.containerenv'], 'this is a container without a display'],
  ['Kubernetes', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 'linux', [], 'this is a container without a display'],
  ['a container with a display', { DISPLAY: ':0' }, 'linux', ['/.dockerenv'], undefined],
  ['an editor that forwards ports', { BROWSER: '/helper', SSH_CONNECTION: '1' }, 'linux', [], undefined],
])('%s', (_, environment, platform, files, why) => {
  expect(whyNoBrowser({ environment, platform, exists: (path) => files.includes(path) })).toBe(why)
})
