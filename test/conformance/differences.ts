/** Where the answers of two servers differ, and why. Patterns: `*` stands for anything. */
export interface Difference {
  /** The rows that it is about. */
  readonly call: string
  /** The place in what came back: `answer` is what the client handed on, `exchanges` are status and headers. */
  readonly path: string
  /** What stands there: JSON, or `absent`. */
  readonly ours: string
  readonly peers: string
  readonly why: string
}

type Rest = Omit<Difference, 'path'>

/** One reason for several places. */
function at(paths: readonly string[], rest: Rest): Difference[] {
  return paths.map((path) => ({ path, ...rest }))
}

const HEADERS =
  'No header of a request goes into the configuration of a run, as on the Platform without `configurable_headers`.'
const ABOUT_SERVER = 'What a server says about itself and its product. No client reads it.'
const ALWAYS_THERE = "The key is there from the beginning, as the client's types say."
const DETAIL = 'Every error is JSON with `detail`, as on the Platform.'
const UNDERSTOOD = 'A request that is not understood is 422, as on the Platform.'
const PLATFORM = 'The Platform has it, and so has the client; `langgraphjs dev` has not.'
const NEWEST_FIRST = 'The newest first, as on the Platform.'
const TOTAL = 'The total counts the rows that the caller may see, whichever page is asked for.'
const LOCATION =
  'Streams and waits say where to go on when the connection breaks, as on the Platform. The newer client asks there once how the run ended.'
const STICKY = 'A run remembers what it was asked for. What the server makes of it is not shown again.'

export const differences: readonly Difference[] = [
  // Errors
  ...at(['answer.refused.body', 'answer.refused.body.*'], {
    call: '*',
    ours: '*',
    peers: '*',
    why: DETAIL,
  }),
  {
    call: '*',
    path: 'exchanges[*].headers.content-type',
    ours: '"application/json"',
    peers: '"text/plain;*charset=UTF-8"',
    why: `${DETAIL} Results that are waited for are JSON by name too.`,
  },
  ...at(['answer.refused.status', 'exchanges[*].status'], { call: '*', ours: '422', peers: '400', why: UNDERSTOOD }),
  ...at(['answer.refused.status', 'exchanges[*].status'], {
    call: 'assistants.get: no id',
    ours: '422',
    peers: '404',
    why: `${UNDERSTOOD} An id that is no UUID and no graph's name is one.`,
  }),
  ...at(['answer.refused.status', 'exchanges[*].status'], {
    call: 'runs.*: no such thread',
    ours: '404',
    peers: '422',
    why: 'A thread that is absent is 404, as on the Platform.',
  }),
  ...at(['answer.refused.status', 'exchanges[*].status'], {
    call: 'runs.create: the thread is busy, reject',
    ours: '409',
    peers: '422',
    why: 'A conflict is 409, as on the Platform.',
  }),
  ...at(['answer.refused.status', 'exchanges[*].status'], {
    call: 'threads.updateState: no such node',
    ours: '400',
    peers: '500',
    why: 'An update that the graph refuses is the mistake of the caller.',
  }),

  // What stands in every object
  { call: '*', path: '*.user-agent', ours: 'absent', peers: '"node"', why: HEADERS },
  ...at(
    ['created_by', 'run_attempt', 'langgraph_version', 'langgraph_plan', 'langgraph_host', 'langgraph_api_url'].map(
      (key) => `*.${key}`,
    ),
    { call: '*', ours: 'absent', peers: '*', why: ABOUT_SERVER },
  ),
  { call: '*', path: '*.checkpoint_ns', ours: '""', peers: 'absent', why: "LangGraph's own checkpointers keep it." },

  // Threads
  ...at(['answer.state_updated_at', 'answer[*].state_updated_at'], {
    call: 'threads.*',
    ours: '"<time>"',
    peers: 'absent',
    why: ALWAYS_THERE,
  }),
  ...at(['answer.error', 'answer[*].error', 'answer.values', 'answer[*].values'], {
    call: 'threads.*',
    ours: 'null',
    peers: 'absent',
    why: ALWAYS_THERE,
  }),
  ...at(['answer.interrupts', 'answer[*].interrupts'], {
    call: 'threads.*',
    ours: '{}',
    peers: 'absent',
    why: ALWAYS_THERE,
  }),
  {
    call: 'threads.copy',
    path: 'answer.values',
    ours: '{"seen":["a","b","c"],"text":"go"}',
    peers: 'absent',
    why: 'A copy has the values that its checkpoints have.',
  },
  {
    call: 'threads.create: with a state',
    path: 'answer.status',
    ours: '"interrupted"',
    peers: '"idle"',
    why: 'A thread with a node to come is interrupted, however it came to be so.',
  },
  {
    call: 'threads.update: nothing asked back',
    path: 'answer',
    ours: 'absent',
    peers: '*',
    why: `\`Prefer: return=minimal\` is honoured. ${PLATFORM}`,
  },
  ...at(['exchanges[0].status', 'exchanges[0].headers.content-type'], {
    call: 'threads.update: nothing asked back',
    ours: '*',
    peers: '*',
    why: `\`Prefer: return=minimal\` is honoured. ${PLATFORM}`,
  }),
  ...at(['answer', 'exchanges[0]*'], { call: 'threads.prune*', ours: '*', peers: '*', why: PLATFORM }),
  ...at(['answer', 'exchanges[0]*'], { call: 'threads.patchState', ours: '*', peers: '*', why: PLATFORM }),
  ...at(['answer', 'exchanges[*'], { call: 'threads.joinStream', ours: '*', peers: '*', why: PLATFORM }),
  { call: 'threads.get: with its time to live', path: 'answer.ttl', ours: '*', peers: 'absent', why: PLATFORM },
  {
    call: 'threads.search: parts of the values',
    path: 'answer[0].extracted',
    ours: '*',
    peers: 'absent',
    why: PLATFORM,
  },
  { call: 'threads.getState: one value', path: 'answer.*', ours: 'absent', peers: '*', why: PLATFORM },
  { call: 'threads.getHistory: some fields', path: 'answer[0].*', ours: 'absent', peers: '*', why: PLATFORM },
  {
    call: 'threads.search: by values',
    path: 'answer[*]',
    ours: 'absent',
    peers: '*',
    why: 'A thread without values has none of those that are searched for.',
  },
  {
    call: 'threads.search: by values',
    path: 'exchanges[0].headers.x-pagination-total',
    ours: '"1"',
    peers: '"4"',
    why: 'A thread without values has none of those that are searched for.',
  },
  ...at(['answer', 'exchanges[0].status', 'exchanges[0].headers.x-pagination-*'], {
    call: 'threads.search: by the time of the state',
    ours: '*',
    peers: '*',
    why: PLATFORM,
  }),
  {
    call: 'threads.search: sorted, some fields, a page',
    path: 'exchanges[0].headers.x-pagination-total',
    ours: '"3"',
    peers: '"4"',
    why: TOTAL,
  },

  // State
  ...at(['answer.interrupts', 'answer[*].interrupts', 'answer.tasks[0].state.interrupts'], {
    call: 'threads.get*',
    ours: '[*]',
    peers: 'absent',
    why: 'What waits for a person stands beside the tasks too, as on the Platform.',
  }),
  {
    call: 'threads.getState: nothing ran',
    path: 'answer.metadata',
    ours: '{}',
    peers: 'absent',
    why: ALWAYS_THERE,
  },
  {
    call: 'threads.getState: with the graph inside',
    path: 'answer.tasks[0].checkpoint',
    ours: '{"thread_id":*',
    peers: 'null',
    why: 'The checkpoint of the graph inside stands beside its state.',
  },
  {
    call: 'threads.getState: with the graph inside',
    path: 'answer.tasks[0].state.metadata.checkpoint_map',
    ours: 'absent',
    peers: '*',
    why: 'It stands in the checkpoint.',
  },
  {
    call: 'threads.updateState*',
    path: 'answer.checkpoint.checkpoint_map',
    ours: 'null',
    peers: 'absent',
    why: ALWAYS_THERE,
  },
  ...at(['answer.configurable', 'answer.checkpoint_id'], {
    call: 'threads.updateState*',
    ours: '*',
    peers: 'absent',
    why: "The Platform's answer has both, and the client's type the first.",
  }),
  ...at(['answer', 'exchanges[0].status'], {
    call: 'threads.getHistory: before a checkpoint',
    ours: '*',
    peers: '*',
    why: "`before` may be a configuration, as the client's type says.",
  }),

  // Assistants
  ...at(['answer', 'exchanges[0].status'], {
    call: 'assistants.create: no such graph',
    ours: '*404*',
    peers: '*',
    why: 'An assistant of a graph that is not there could never run; the Platform refuses it too.',
  }),
  ...at(['answer', 'exchanges[0].status', 'exchanges[0].headers.content-type'], {
    call: 'assistants.delete*',
    ours: '*',
    peers: '*',
    why: 'Deleting answers 204 and nothing else, as on the Platform.',
  }),
  ...at(['answer.*_schema*', 'answer.child.*'], {
    call: 'assistants.get*',
    ours: '*',
    peers: '*',
    why: 'Schemas are read from the graph as it runs, and not from the types in its source: a state declared with zod has them in full, one declared with `Annotation` names its keys. Those of subgraphs have the names that the client documents.',
  }),
  {
    call: 'assistants.search: sorted, some fields, a page',
    path: 'answer[*].name',
    ours: '"p1"',
    peers: '"p3"',
    why: '`sort_by` and `sort_order` are honoured.',
  },
  ...at(['exchanges[0].headers.x-pagination-next', 'answer.next'], {
    call: '*page',
    ours: '*',
    peers: '*',
    why: 'There is a next page exactly where rows remain.',
  }),
  {
    call: 'assistants.search: with pagination, the last page',
    path: 'exchanges[0].headers.x-pagination-total',
    ours: '"3"',
    peers: '"5"',
    why: TOTAL,
  },

  // Runs
  ...at(
    ['thread_id', 'run_id', 'graph_id', 'assistant_id'].map((key) => `answer*.kwargs.config.configurable.${key}`),
    { call: 'runs.*', ours: 'absent', peers: '*', why: STICKY },
  ),
  ...at(['answer*.kwargs.config.metadata', 'answer*.kwargs.context'], {
    call: 'runs.*',
    ours: 'absent',
    peers: '{*',
    why: STICKY,
  }),
  {
    call: 'runs.create',
    path: 'answer.kwargs.durability',
    ours: '"sync"',
    peers: 'absent',
    why: '`durability` is honoured.',
  },
  ...at(['answer.metadata.graph_id', 'answer.metadata.assistant_id'], {
    call: 'runs.*',
    ours: '"*steps*"',
    peers: '*',
    why: 'A run names its own graph and assistant: not those of the run before it, and not none.',
  }),
  ...at(['answer*.metadata.graph_id', 'answer*.metadata.assistant_id'], {
    call: 'runs.create*',
    ours: '"*"',
    peers: 'absent',
    why: 'A run names its own graph and assistant: not those of the run before it, and not none.',
  }),
  {
    call: 'runs.*',
    path: 'answer*.multitask_strategy',
    ours: '"enqueue"',
    peers: '"reject"',
    why: 'Where no strategy is given, runs wait for each other, as on the Platform.',
  },
  ...at(['answer.refused', 'answer.raised', 'exchanges[0].*'], {
    call: 'runs.wait: answering without a thread',
    ours: '*',
    peers: '*',
    why: 'Nothing can wait for an answer without a thread: 400, as on the Platform.',
  }),
  ...at(['answer.seen', 'answer.text'], {
    call: 'runs.wait: until *',
    ours: '*',
    peers: 'absent',
    why: 'The state stands beside `__interrupt__`, as on the Platform.',
  }),
  {
    call: 'runs.wait',
    path: 'answer.messages[1].id',
    ours: '"<uuid>"',
    peers: '"run-<uuid>"',
    why: 'A model whose tokens nobody listens to is not asked to stream, so the state names its message.',
  },
  ...at(['answer.raised', 'answer.__error__.error', 'answer.__error__.message'], {
    call: 'runs.wait: a failure*',
    ours: '*',
    peers: '*',
    why: 'The error is the one that the graph threw.',
  }),
  ...at(['answer.__error__', 'answer.seen', 'answer.text'], {
    call: 'runs.join: it has failed',
    ours: '*',
    peers: '*',
    why: 'A run that has failed says so to whoever joins it later, as on the Platform.',
  }),
  ...at(['answer', 'exchanges[0].status'], {
    call: 'runs.join*: absent',
    ours: '*404*',
    peers: '*',
    why: 'What is absent is 404, as on the Platform.',
  }),
  {
    call: 'runs.join*: absent',
    path: 'exchanges[0].headers.content-type',
    ours: '"application/json"',
    peers: '"text/event-stream"',
    why: 'What is absent is 404, as on the Platform.',
  },
  ...at(['exchanges[*].headers.location', 'exchanges[*].headers.content-location'], {
    call: '*',
    ours: '"/*"',
    peers: 'absent',
    why: LOCATION,
  }),
  {
    call: 'runs.stream*',
    path: 'exchanges[1]',
    ours: '{"request":"GET /threads/<uuid>/runs/<uuid>","status":200*',
    peers: 'absent',
    why: LOCATION,
  },
  ...at(['answer[*].id'], {
    call: 'runs.stream: without a thread',
    ours: '"<event id>"',
    peers: 'absent',
    why: 'Every stream can be taken up again.',
  }),
  {
    call: 'runs.stream: messages',
    path: 'answer[messages/metadata 0].data.*.metadata.tags',
    ours: '[]',
    peers: 'absent',
    why: "The metadata is LangGraph's own, as it stands in `messages-tuple` too.",
  },
  {
    call: 'runs.stream: with the graph inside',
    path: 'answer[checkpoints*]',
    ours: 'absent',
    peers: '*',
    why: 'Nobody asked for `checkpoints`.',
  },
  ...at(
    ['config', 'tasks', 'parent_config'].map((key) => `answer[checkpoints *].data.${key}`),
    {
      call: 'runs.stream: checkpoints',
      ours: '*',
      peers: 'absent',
      why: 'As on the Platform.',
    },
  ),
  {
    call: 'runs.joinStream',
    path: 'answer[*',
    ours: '*',
    peers: '*',
    why: 'Without `Last-Event-ID` a reader gets what comes from now on, as on the Platform.',
  },
  {
    call: 'runs.joinStream: *',
    path: 'answer[*]',
    ours: '{"id":"<event id>"*',
    peers: 'absent',
    why: 'A run that has ended can still be read from the beginning.',
  },
  ...at(['answer[*].metadata.trip', 'answer[*]'], { call: 'runs.list*', ours: '*', peers: '*', why: NEWEST_FIRST }),
  {
    call: 'runs.list: by status, some fields',
    path: 'answer[*].*',
    ours: 'absent',
    peers: '*',
    why: '`select` is honoured.',
  },
  {
    call: 'runs.cancel',
    path: 'exchanges[0].status',
    ours: '202',
    peers: '204',
    why: 'Without `wait` the answer comes before the run has ended, and says so.',
  },
  ...at(['answer', 'exchanges[0].*'], { call: 'runs.cancelMany*', ours: '*', peers: '*', why: PLATFORM }),

  // Crons and the store
  ...at(['answer*', 'exchanges*'], { call: 'crons.*', ours: '*', peers: '*', why: PLATFORM }),
  ...at(['answer.items[*].namespace[*]', 'answer.items[*].key', 'answer.items[*].value.*'], {
    call: 'store.searchItems*',
    ours: '*',
    peers: '*',
    why: NEWEST_FIRST,
  }),
]
