/** Something of the kind that really happened, and is public. */
export interface Incident {
  /** Who, what and when. */
  readonly where: string
  readonly what: string
  readonly url?: string
  /** The checks that would have gone red. */
  readonly checks: readonly string[]
}

const github = (path: string) => `https://github.com/${path}`

/** Public incidents, each with the checks that look for the same mistake. */
export const INCIDENTS: readonly Incident[] = [
  {
    where: 'langgraphjs, pull request 2596 (July 2026)',
    what: 'a route that wipes data was registered before the authentication middleware: anyone could call it',
    url: github('langchain-ai/langgraphjs/pull/2596'),
    checks: ['boundary.internal-routes'],
  },
  {
    where: 'OpenAI, "March 20 ChatGPT outage" (March 2023)',
    what: 'a cancelled request left its answer on a pooled connection, and the next user got it: titles of chats and billing data of others',
    url: 'https://openai.com/index/march-20-chatgpt-outage/',
    checks: ['concurrency.abort'],
  },
  {
    where: 'langgraphjs, pull request 2597 (July 2026)',
    what: 'filters and rewritten values that store handlers returned were thrown away in all five store routes',
    url: github('langchain-ai/langgraphjs/pull/2597'),
    checks: ['store.search', 'store.get', 'store.put', 'store.namespaces'],
  },
  {
    where: 'langgraph, pull request 8478 (July 2026)',
    what: 'namespaces were compared by LIKE \'prefix%\': ("foo",) also returned ("foobar",)',
    url: github('langchain-ai/langgraph/pull/8478'),
    checks: ['store.search.sibling'],
  },
  {
    where: 'langgraphjs, pull request 2512 (June 2026)',
    what: '% and _ in a namespace label were wildcards in the Postgres store: ["%"] read every tenant',
    url: github('langchain-ai/langgraphjs/pull/2512'),
    checks: ['store.search.wildcard'],
  },
  {
    where: 'langgraphjs, pull request 2350',
    what: "a thread id with * became a pattern of Redis keys: read, overwrite and wipe other tenants' checkpoints",
    url: github('langchain-ai/langgraphjs/pull/2350'),
    checks: ['collision.id-forms'],
  },
  {
    where: 'langgraphjs, pull requests 2349 and 2397, GHSA-98xf-r82g-9mhx',
    what: 'a thread id that was an object became a MongoDB operator',
    url: 'https://github.com/advisories/GHSA-98xf-r82g-9mhx',
    checks: ['collision.id-forms'],
  },
  {
    where: 'langgraphjs, pull request 2352 (May 2026)',
    what: 'the thread id __proto__ polluted the memory saver for everybody',
    url: github('langchain-ai/langgraphjs/pull/2352'),
    checks: ['collision.id-forms', 'owner.json-tricks'],
  },
  {
    where: 'CVE-2025-8709, langgraph-checkpoint-sqlite',
    what: 'the keys of filter operators were concatenated into SQL: a search could read the whole table',
    url: 'https://nvd.nist.gov/vuln/detail/CVE-2025-8709',
    checks: ['thread.search.operators', 'store.search.filter'],
  },
  {
    where: 'Aegra, issue 336 and pull request 337 (April 2026)',
    what: "creating, streaming and waiting for runs did not check whose thread it is: one could read the state through the run's output and write into the conversation, and the victim's list of runs did not show it",
    url: github('aegra/aegra/pull/337'),
    checks: ['run.create', 'run.stream', 'run.wait', 'integrity.snapshot'],
  },
  {
    where: 'Aegra, pull request 424 (June 2026)',
    what: "a run could name anyone's assistant; its prompts and keys came back in the record of the run",
    url: github('aegra/aegra/pull/424'),
    checks: ['xref.run.assistant'],
  },
  {
    where: 'Aegra, pull request 385 (May 2026)',
    what: 'the handlers of threads:create_run ran for create but not for stream and wait',
    url: github('aegra/aegra/pull/385'),
    checks: ['run.stream', 'run.wait'],
  },
  {
    where: 'Aegra, pull request 431 (June 2026)',
    what: 'a cron could name a foreign assistant; configurable.thread_id in the body beat the id in the path that had been checked, and checkpoint and before did the same in two more spellings',
    url: github('aegra/aegra/pull/431'),
    checks: ['xref.cron.assistant', 'xref.config.thread-id', 'xref.state.checkpoint', 'xref.run.checkpoint'],
  },
  {
    where: 'Aegra, issue 488 and pull request 494 (August 2026), earlier pull request 386',
    what: '18 routes never called the authorisation handlers: state and history served whole conversations under a rule that denied everything; five routes under assistants before that',
    url: github('aegra/aegra/issues/488'),
    checks: ['thread.state', 'thread.history', 'run.list', 'run.join', 'assistant.derived', 'assistant.versions'],
  },
  {
    where: 'Aegra, pull requests 486 and 520 (August 2026)',
    what: 'an id that belongs to somebody else gave 500 every time, and simultaneous creates 500 now and then',
    url: github('aegra/aegra/pull/486'),
    checks: ['collision.thread', 'collision.assistant', 'collision.race'],
  },
  {
    where: 'Aegra, pull request 499 (August 2026)',
    what: 'deleting a thread left its checkpoints',
    url: github('aegra/aegra/pull/499'),
    checks: ['delete.residue'],
  },
  {
    where: 'databricks/appkit, pull request 312 (April 2026)',
    what: "reconnecting looked streams up by their id alone: another user's conversation came back",
    url: github('databricks/appkit/pull/312'),
    checks: ['stream.parent', 'stream.run-id', 'stream.replay'],
  },
  {
    where: 'bytedance/deer-flow, issue 3472 and pull request 3473 (June 2026)',
    what: 'stateless runs took thread_id from the body, and only ids in the path were checked',
    url: github('bytedance/deer-flow/pull/3473'),
    checks: ['xref.stateless.thread-id'],
  },
  {
    where: 'bytedance/deer-flow, pull request 5484 (September 2026)',
    what: "a thread whose owner row was missing lost its filter: a trusted caller that acted for one user read another's runs, messages, events and streams",
    url: github('bytedance/deer-flow/pull/5484'),
    checks: ['owner.missing', 'run.list', 'stream.run-id'],
  },
  {
    where: 'Aegra, issue 515 and pull request 516 (August 2026)',
    what: 'handlers saw the namespace ["a.b"], and the store used ["a","b"]',
    url: github('aegra/aegra/pull/516'),
    checks: ['store.get.encoding'],
  },
  {
    where: 'mastra, issue 18911, GHSA-cw45-899f-pvrr (June 2026), issue 22875',
    what: "the memory API listed everybody's threads where one callback was not configured, and otherwise believed the resource id in the body",
    url: github('mastra-ai/mastra/issues/18911'),
    checks: ['thread.search', 'any.list', 'identity.user-id'],
  },
  {
    where: 'langgraphjs, pull request 1641',
    what: 'copying a thread did not ask threads:create',
    url: github('langchain-ai/langgraphjs/pull/1641'),
    checks: ['thread.copy'],
  },
  {
    where: 'mastra, issue 7674; langgraph, pull request 6193',
    what: 'custom routes were served without authentication',
    url: github('mastra-ai/mastra/issues/7674'),
    checks: ['any.replay.nobody'],
  },
  {
    where: 'microclaw, pull request 89',
    what: 'the stream and the status of a run were served to whoever knew its key',
    url: github('microclaw/microclaw/pull/89'),
    checks: ['stream.run-id'],
  },
  {
    where: 'CopilotKit, issue 7077',
    what: 'configurable, as the client sent it, ended up in the prompt',
    url: github('CopilotKit/CopilotKit/issues/7077'),
    checks: ['identity.at-rest'],
  },
  {
    where: 'langchain oap tools agent, pull request 22',
    what: 'the sample rules had no handler for creating runs',
    checks: ['run.create'],
  },
]

export function incidentsOf(check: string): readonly Incident[] {
  return INCIDENTS.filter(({ checks }) => checks.includes(check))
}
