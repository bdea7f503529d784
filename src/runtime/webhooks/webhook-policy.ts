import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { AuthkitError } from '../../errors/authkit-error.js'
import type { WebhookSettings } from '../settings.js'

/** Where a webhook may go, by its URL and then by the addresses that its host turns out to have. */
export interface WebhookPolicy {
  /**
   * The URL, parsed, where the settings let it be called.
   *
   * @throws AuthkitError `invalid_request`, which names the rule and nothing of the URL: it may hold a credential.
   */
  check(url: string): URL
  /** Whether the settings let this address be connected to. What is no address is refused. */
  permits(address: string): boolean
}

/** Refused whatever the settings say: no webhook is meant for these, and some give out the credentials of a machine. */
const NEVER: readonly [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Where clouds answer about the machine itself, besides 169.254.169.254.
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
]
const NEVER_V6: readonly [network: string, prefix: number][] = [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
]

const LOOPBACK: readonly [network: string, prefix: number][] = [['127.0.0.0', 8]]
const LOOPBACK_V6: readonly [network: string, prefix: number][] = [['::1', 128]]

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** @param settings Asked each time, so that an edit of langgraph.json holds for the next webhook. */
export function createWebhookPolicy(settings: () => WebhookSettings): WebhookPolicy {
  let made: { readonly never: BlockList; readonly loopback: BlockList } | undefined
  // At the first URL: most servers never see one, and this takes a millisecond of their start.
  function lists() {
    made ??= { never: listOf(NEVER, NEVER_V6), loopback: listOf(LOOPBACK, LOOPBACK_V6) }
    return made
  }

  function permits(address: string): boolean {
    if (!isIPv4(address) && !isIPv6(address)) return false
    if (isIn(lists().never, address)) return false
    return !settings().disableLoopback || !(isIn(lists().loopback, address) || isIn(ownAddresses(), address))
  }

  function check(text: string): URL {
    const { disabled, allowedDomains, allowedPorts, requireHttps, disableLoopback, maxUrlLength } = settings()
    if (disabled) throw refused('webhooks are disabled (http.disable_webhooks).')
    if (text.length > maxUrlLength) throw refused(`it is longer than ${maxUrlLength} characters.`)
    // Not left to the parser alone, which also takes "http:path" and text with line breaks in it.
    if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) throw refused('it must be an absolute http(s) URL.')
    const url = new URL(text)
    if (url.username !== '' || url.password !== '') throw refused('it must not hold a user name or a password.')
    if (requireHttps && url.protocol !== 'https:') throw refused('it must begin with https:// (require_https).')
    const host = hostOf(url)
    if (allowedDomains?.length && !allowedDomains.some((domain) => covers(domain, host)))
      throw refused('its host is not among allowed_domains.')
    const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port)
    if (allowedPorts && !allowedPorts.some((allowed) => allowed === port))
      throw refused('its port is not among allowed_ports.')
    const isAddress = isIPv4(host) || isIPv6(host)
    if (isAddress && isIn(lists().never, host))
      throw refused('its address is link-local, multicast, unspecified, or where a cloud answers about its machines.')
    if (disableLoopback && (/(^|\.)localhost$/.test(host) || (isAddress && !permits(host))))
      throw refused('it names this machine (disable_loopback).')
    return url
  }

  return { check, permits }
}

/** The host of a URL as a name or an address: without the brackets of IPv6 and the dot that ends a full name. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

/** `*.example.com` is every name under it, and not `example.com` itself. */
function covers(domain: string, host: string): boolean {
  const wanted = domain.trim().toLowerCase().replace(/\.$/, '')
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1 : host === wanted
}

function refused(rule: string): AuthkitError {
  return new AuthkitError('invalid_request', `webhook is refused: ${rule}`, {
    hint: 'docs/webhooks.md says where a webhook may go.',
  })
}

function listOf(v4: readonly [string, number][], v6: readonly [string, number][]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of v6) list.addSubnet(network, prefix, 'ipv6')
  for (const [network, prefix] of v4) {
    list.addSubnet(network, prefix, 'ipv4')
    for (const [mapped, bits] of mappedForms(network, prefix)) list.addSubnet(mapped, bits, 'ipv6')
  }
  return list
}

/** The IPv6 addresses that lead to an IPv4 network: mapped, compatible, and through the two kinds of translators. */
function mappedForms(network: string, prefix: number): [string, number][] {
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number)
  const hex = (high: number, low: number) => (high * 256 + low).toString(16)
  return [
    [`::ffff:${network}`, 96 + prefix],
    // "::" and "::1" are among these: an IPv4 network that begins with 0 would be all of them.
    ...(a === 0 ? [] : ([[`::${network}`, 96 + prefix]] as [string, number][])),
    [`64:ff9b::${network}`, 96 + prefix],
    [`2002:${hex(a, b)}:${hex(c, d)}::`, 16 + prefix],
  ]
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** A server that listens on every interface is reached by these as by loopback. They change, so they are looked up. */
function ownAddresses(): BlockList {
  const list = new BlockList()
  for (const { address, family } of Object.values(networkInterfaces()).flatMap((found) => found ?? [])) {
    if (family === 'IPv4') {
      list.addAddress(address, 'ipv4')
      for (const [mapped] of mappedForms(address, 32).slice(0, 3)) list.addAddress(mapped, 'ipv6')
    } else list.addAddress(address.replace(/%.*$/, ''), 'ipv6')
  }
  return list
}
