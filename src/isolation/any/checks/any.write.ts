import type { AnyCheck } from '../any-check.js'
import { creationsOf, playWrite } from '../creation.js'
import { COMPARE_OWNER } from '../fix.js'

export const anyWrite: AnyCheck = {
  id: 'any.write',
  family: 'any',
  resource: 'routes',
  operation: 'write',
  title: "{who} can't change or delete what Alice has made",
  failure: '{who} changed or deleted what Alice had made',
  impact: "A user changes, or destroys, another user's data. It happens under the attacker's account, or under none.",
  severity: 'high',
  refs: ['API1', 'ATHZ-02', '639'],
  event: null,
  fix: COMPARE_OWNER,
  trials: (bench) =>
    creationsOf(bench, 'alice').flatMap((creation) =>
      creation.writes.map(({ route, probe }) =>
        bench.allowWrites
          ? {
              subject: route,
              bobs: creationsOf(bench, 'bob').some(({ create }) => create.path === creation.create.path),
              play: (_, actor) => playWrite(bench, actor, creation, probe),
            }
          : { subject: route, skip: 'only with --allow-writes' },
      ),
    ),
}
