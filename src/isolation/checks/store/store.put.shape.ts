import type { Check } from '../../check.js'
import { guardNamespace } from '../../fix.js'
import { del, type Probe, post, put, succeeded } from '../../probe.js'

export const storePutShape: Check = {
  id: 'store.put.shape',
  family: 'store',
  resource: 'store',
  operation: 'write',
  title: "No odd namespace in a body leads Bob's item into Alice's space",
  failure: "Bob's item got into Alice's space by an odd namespace",
  impact:
    "The rule looks at the first label of a list. A namespace that is none, or that is said twice, writes past it into the victim's memory.",
  severity: 'high',
  refs: ['436', '843'],
  event: 'store:put',
  fix: `${guardNamespace('store:put')}; where it does, upgrade the server: it must refuse a namespace that is no list of labels`,
  needs: ['item'],
  own: ['item'],
  mutates: true,
  on2xx: 'own',
  control: ({ target: { item }, marker }) => [
    put('/store/items', { namespace: item.namespace, key: item.key, value: { v: marker } }),
  ],
  requests({ target, own, place, marker }) {
    const hers = target.item.namespace
    const his = own.item.namespace
    const value = { v: marker }
    const shapes: unknown[] = [
      undefined,
      null,
      hers.join('.'),
      [hers],
      [hers.join('.')],
      [''],
      ['__proto__'],
      [...his.slice(0, 1), '..', ...hers],
      [...his, ...Array.from({ length: 10_000 }, () => 'x')],
    ]
    const twice = (first: readonly string[], second: readonly string[]): Probe => {
      const { key } = place(hers)
      const rest = JSON.stringify({ key, value }).slice(1)
      const text = `{"namespace":${JSON.stringify(first)},"namespace":${JSON.stringify(second)},${rest}`
      return { method: 'PUT', path: '/store/items', raw: { text } }
    }
    return [
      ...shapes.map((namespace) => put('/store/items', { namespace, key: place(hers).key, value })),
      twice(his, hers),
      twice(hers, his),
    ]
  },
  async inspect({ scene, exchanges, alice, attack, stated }) {
    const first = scene.target.item.namespace.slice(0, 1)
    const look = (namespace_prefix: readonly string[]) =>
      alice(post('/store/items/search', { namespace_prefix, limit: 1000 }))
    const shown = (await Promise.all([look(first), look([])])).find(({ body }) => body.includes(scene.marker))
    // Each of them had a key of its own.
    const guilty = exchanges.find(({ probe }) => shown?.body.includes(keyOf(probe))) ?? exchanges[0]
    // What landed in a space of his own goes the way it came; of two namespaces, either may have been meant.
    const removals = exchanges.filter(succeeded).flatMap(({ probe }): Probe[] => {
      const { raw } = probe
      const same = { ...probe, method: 'DELETE' }
      if (!raw) return [same]
      return [same, del('/store/items', { ...JSON.parse(raw.text), namespace: scene.own.item.namespace })]
    })
    await Promise.all(removals.map(attack))
    return shown && guilty ? [stated(guilty, 'after-check', "an item of Bob's stands in Alice's space")] : []
  },
}

function keyOf({ raw, body }: Probe): string {
  return (raw ? JSON.parse(raw.text) : (body as { key: string })).key
}
