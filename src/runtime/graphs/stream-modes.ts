/** The stream modes that runs know. `messages` and `messages-tuple` are two forms of one mode of LangGraph's. */
export const STREAM_MODES = [
  'values',
  'updates',
  'messages',
  'messages-tuple',
  'custom',
  'tasks',
  'checkpoints',
  'debug',
  'events',
  'tools',
] as const
export type StreamMode = (typeof STREAM_MODES)[number]
