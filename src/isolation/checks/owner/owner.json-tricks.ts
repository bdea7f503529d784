import type { Check, Scene } from '../../check.js'
import { stampOwner } from '../../fix.js'
import { field, type Probe, post } from '../../probe.js'

/** Texts of JSON that parsers, validators and rules read in different ways; `id` is where the thread's id goes. */
function tricks({
  identity: { ownerKey, target, own },
  marker,
}: Scene): readonly (readonly [string, (id: string) => string])[] {
  const text = JSON.stringify
  const hers = `{${text(ownerKey)}:${text(target)},"iso_mark":${text(marker)}}`
  const his = `{${text(ownerKey)}:${text(own)},"iso_mark":${text(marker)}}`
  const claim = `{${text(ownerKey)}:${text(target)}}`
  const key = (name: string) => (id: string) =>
    `{"thread_id":"${id}","metadata":{${name}:${text(target)},"iso_mark":${text(marker)}}}`
  return [
    ['last metadata', (id) => `{"thread_id":"${id}","metadata":${his},"metadata":${hers}}`],
    ['first metadata', (id) => `{"thread_id":"${id}","metadata":${hers},"metadata":${his}}`],
    [
      'prototype',
      (id) =>
        `{"thread_id":"${id}","metadata":{"__proto__":${claim},"iso_mark":${text(marker)}},"__proto__":{"metadata":${claim}}}`,
    ],
    [
      'constructor',
      (id) => `{"thread_id":"${id}","metadata":{"constructor":{"prototype":${claim}},"iso_mark":${text(marker)}}}`,
    ],
    ['space', key(text(`${ownerKey} `))],
    ['capital', key(text(ownerKey.charAt(0).toUpperCase() + ownerKey.slice(1)))],
    ['null character', key(text(`${ownerKey}\0`))],
    ['look-alike', key(text(ownerKey.replace('o', 'о').replace('e', 'е')))],
  ]
}

export const ownerJsonTricks: Check = {
  id: 'owner.json-tricks',
  family: 'owner',
  resource: 'threads',
  operation: 'takeover',
  title: "Bob can't create a thread in Alice's name with odd JSON",
  failure: "Bob created a thread in Alice's name with odd JSON",
  impact: 'The rule reads one owner and the database another, or one request changes the owner of all that follow.',
  severity: 'medium',
  refs: ['436', '1321'],
  event: 'threads:create',
  fix: `${stampOwner('threads:create')}; never merge what a client sent into an object by its keys`,
  needs: ['identity'],
  mutates: true,
  on2xx: 'own',
  // A server may refuse odd JSON to everybody.
  control: ({ identity }) => [post('/threads', { metadata: { [identity.ownerKey]: identity.own } })],
  proof: 'success',
  // After each, one that says nothing of an owner: a prototype that was changed shows in it.
  requests: (scene) =>
    tricks(scene).flatMap(([name, body]): Probe[] => [
      { ...post('/threads'), raw: { text: body(scene.fresh(name)) } },
      post('/threads', { thread_id: scene.fresh(`after ${name}`) }),
    ]),
  async inspect({ scene, exchanges, alice, seen, stated }) {
    const { ownerKey, target } = scene.identity
    // The ids are what counts here: the mark is in her own request.
    const found = seen(await alice(post('/threads/search', { metadata: { iso_mark: scene.marker }, limit: 1000 })))
    for (const exchange of exchanges) {
      if (field(exchange, 'metadata', ownerKey) !== target) continue
      found.push(stated(exchange, 'owner', `metadata.${ownerKey} was stored as Alice`))
    }
    return found
  },
}
