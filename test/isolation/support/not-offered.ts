/**
 * This server has no JWTs, no WebSocket, pages by offset, and has no routes for keys, sessions, connections and spaces. What
 * has a flag of its own only runs where somebody asks for it.
 */
export const NOT_OFFERED =
  /^(jwt|credential|vault|space)\.|^(boundary|stream)\.websocket@|^page\.cursor@|^oracle\.timing@|^store\.agent-memory@/
