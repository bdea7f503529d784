/** What every error code means to whoever meets it: the exit code of a command, the HTTP status of an answer, and what to do next. */
export interface ErrorSpec {
  /** Exit code of the command that ends with this error. 2 is wrong usage, 3 "could not be decided", 1 everything else. */
  readonly exit: number
  /** HTTP status when the error ends a request. */
  readonly status: number
  /** One sentence that says what to do next. */
  readonly hint: string
}

/**
 * The table of everything that can go wrong for a user. The code is stable, the message stands at the throw, the hint
 * stands here.
 */
export const ERRORS = {
  // usage of the command line
  usage: { exit: 2, status: 400, hint: 'Run the command with --help to see its flags.' },
  port_in_use: { exit: 1, status: 500, hint: 'Choose another port with --port, or --port 0 for a free one.' },
  host_unusable: { exit: 2, status: 500, hint: 'Give --host an address of this machine, such as 127.0.0.1.' },
  database_unusable: {
    exit: 1,
    status: 500,
    hint: 'Check the path given with --db, or start with --db :memory: to see whether the file is at fault.',
  },
  internal: { exit: 1, status: 500, hint: 'This is a bug in authkit; please report it with the request id.' },

  // the project
  config_invalid: { exit: 2, status: 503, hint: 'Correct langgraph.json; docs/configuration.md lists its keys.' },
  config_exists: { exit: 2, status: 500, hint: 'Look at the file, then run again with --force to replace it.' },
  not_writable: { exit: 1, status: 500, hint: 'Check who may write there, or name another folder.' },
  auth_file_not_found: {
    exit: 2,
    status: 503,
    hint: 'Run `authkit init` to create one, or name it in langgraph.json under auth.path.',
  },
  auth_file_broken: { exit: 1, status: 503, hint: 'Fix the file; the server reloads it when you save.' },
  auth_export_invalid: {
    exit: 1,
    status: 503,
    hint: 'Export an Auth object: `export const auth = new Auth().authenticate(...)`.',
  },
  auth_no_authenticate: {
    exit: 1,
    status: 503,
    hint: 'Call .authenticate(...) on the Auth object, or start with --no-auth to serve without any authentication.',
  },
  auth_unknown_event: {
    exit: 1,
    status: 503,
    hint: 'Use an event, a resource, "*:action" or "*" as the key of .on().',
  },
  graph_not_found: { exit: 2, status: 404, hint: 'Name a graph of langgraph.json, or "agent" when it names none.' },
  graph_broken: { exit: 1, status: 500, hint: 'Fix the graph file; the next run loads it again.' },
  embed_failed: {
    exit: 1,
    status: 500,
    hint: 'Correct the embed function that langgraph.json names under store.index, or its dims.',
  },
  root_key_invalid: {
    exit: 2,
    status: 500,
    hint: 'Give 32 random bytes in base64, as `openssl rand -base64 32` prints them. What another key sealed is lost.',
  },

  // the auth engine
  unauthenticated: { exit: 1, status: 401, hint: 'Send the credential that authenticate() of auth.ts expects.' },
  forbidden: { exit: 1, status: 403, hint: 'A handler of auth.ts refused this; its key is in the request log.' },
  handler_failed: { exit: 1, status: 500, hint: 'Look up the request id in the log of the server.' },
  filter_invalid: {
    exit: 1,
    status: 500,
    hint: 'Return { key: value }, { key: { $eq } }, { key: { $contains } } or true.',
  },
  value_invalid: { exit: 1, status: 500, hint: 'A handler changed the value into something the server cannot use.' },

  // who is calling: oidc(), introspection(), userinfo() and firstOf() of auth.ts
  no_credentials: { exit: 1, status: 401, hint: 'Send `Authorization: Bearer <token>`; `authkit login` gets you one.' },
  token_malformed: {
    exit: 1,
    status: 400,
    hint: 'Send exactly one header of the form `Authorization: Bearer <token>`.',
  },
  token_invalid: { exit: 1, status: 401, hint: 'Send an access token of the issuer that auth.ts trusts.' },
  token_expired: {
    exit: 1,
    status: 401,
    hint: 'Refresh the token or sign in again; if it is new, compare the clocks.',
  },
  token_audience: {
    exit: 1,
    status: 401,
    hint: 'Ask the provider for a token for this service, or correct `audience` in auth.ts.',
  },
  token_issuer_unknown: {
    exit: 1,
    status: 401,
    hint: 'Sign in at the issuer that auth.ts names, or correct `issuer` there: it is compared letter by letter.',
  },
  token_client_denied: {
    exit: 1,
    status: 403,
    hint: 'Add the application to `allowedClients` in auth.ts, if it may call.',
  },
  scope_missing: { exit: 1, status: 403, hint: 'Sign in again and ask for the scope.' },
  step_up_required: { exit: 1, status: 401, hint: 'Sign in again, in the way that the challenge asks for.' },
  email_not_verified: { exit: 1, status: 403, hint: 'Verify the address at the provider, then sign in again.' },

  // the API
  storage_full: {
    exit: 1,
    status: 507,
    hint: 'Make room on the disk; nothing that was kept is lost, and reading goes on.',
  },
  not_found: { exit: 1, status: 404, hint: 'Check the id, and that this user may see it.' },
  conflict: { exit: 1, status: 409, hint: 'Use another id, or if_exists: "do_nothing" for your own object.' },
  invalid_request: { exit: 1, status: 422, hint: 'GET /docs describes what every route takes.' },
  bad_request: { exit: 1, status: 400, hint: 'GET /docs describes what every route takes.' },
  body_too_large: { exit: 1, status: 413, hint: 'Send less at once.' },
  host_not_allowed: {
    exit: 1,
    status: 403,
    hint: 'Use the URL that authkit dev printed. The Host header is checked against DNS rebinding.',
  },
  origin_not_allowed: {
    exit: 1,
    status: 403,
    hint: 'Name the origin under http.cors.allow_origins of langgraph.json, if its pages may write here.',
  },
  not_supported: { exit: 1, status: 422, hint: 'CHANGELOG.md and docs/compatibility.md say what is supported.' },
  shutting_down: { exit: 1, status: 503, hint: 'The server is stopping; try again when it is back.' },

  // signing in
  login_not_configured: {
    exit: 2,
    status: 400,
    hint: 'Start `authkit dev` here, or name a provider: --issuer URL, --provider NAME, or authkit.login in langgraph.json.',
  },
  login_client_missing: {
    exit: 2,
    status: 400,
    hint: 'Register an application at the provider and give its --client-id.',
  },
  login_unsupported: { exit: 2, status: 400, hint: 'Use a token of the provider instead: AUTHKIT_TOKEN.' },
  device_unsupported: {
    exit: 2,
    status: 400,
    hint: 'Sign in where a browser runs, without --device, or switch the device flow on at the provider.',
  },
  provider_unknown: { exit: 2, status: 404, hint: '`authkit login --list-providers` lists them.' },
  issuer_insecure: { exit: 2, status: 400, hint: 'Use https. Plain http is for 127.0.0.1 and localhost only.' },
  issuer_mismatch: {
    exit: 1,
    status: 400,
    hint: 'Write the issuer exactly as the provider does, with or without the slash at its end.',
  },
  login_denied: {
    exit: 1,
    status: 403,
    hint: 'Run `authkit login` again and accept, or ask who runs the provider for access.',
  },
  login_timed_out: {
    exit: 3,
    status: 408,
    hint: 'Run it again; --timeout gives more time, and --device helps where no browser reaches this machine.',
  },
  login_interrupted: { exit: 130, status: 400, hint: 'Run `authkit login` to begin again.' },
  login_expired: { exit: 1, status: 401, hint: 'Run `authkit login` again.' },
  login_other_user: {
    exit: 1,
    status: 409,
    hint: 'Use another --profile, or --replace to put this user in the place of the other.',
  },
  callback_invalid: {
    exit: 1,
    status: 400,
    hint: 'Run `authkit login` again. The provider did not answer as RFC 6749 says.',
  },
  id_token_invalid: {
    exit: 1,
    status: 502,
    hint: 'Nothing was stored. Check --issuer and --client-id, and that the clock of this machine is right.',
  },
  device_code_expired: {
    exit: 3,
    status: 410,
    hint: 'Run `authkit login --device` again and enter the new code in time.',
  },
  provider_unavailable: { exit: 3, status: 503, hint: 'Try again later; what is signed in stays so.' },
  provider_misconfigured: { exit: 1, status: 502, hint: 'Check the issuer with who runs the provider.' },
  provider_refused: { exit: 1, status: 502, hint: 'Look up the error in the documents of the provider.' },

  // what is kept of a sign-in
  keychain_unavailable: {
    exit: 1,
    status: 503,
    hint: 'Start or unlock the keychain; or keep tokens in an encrypted file: --token-store file, with a key in AUTHKIT_TOKEN_KEY; or give a token in AUTHKIT_TOKEN.',
  },
  token_key_invalid: {
    exit: 2,
    status: 500,
    hint: 'Put 32 random bytes in base64 into AUTHKIT_TOKEN_KEY, as `openssl rand -base64 32` prints them, and keep them: what they seal opens with nothing else.',
  },
  tokens_unreadable: {
    exit: 1,
    status: 500,
    hint: 'Give the AUTHKIT_TOKEN_KEY that sealed it, or sign in again.',
  },
  tokens_exposed: { exit: 1, status: 500, hint: 'Make it yours alone with chmod 600, or sign in again.' },
  profiles_unreadable: {
    exit: 1,
    status: 500,
    hint: 'Correct the file, or take it away and sign in again. It holds no secret.',
  },
  profile_unknown: { exit: 2, status: 404, hint: '`authkit profiles` lists them; `authkit login` makes one.' },
  profile_busy: { exit: 3, status: 503, hint: 'Wait for the other process, or end it, and run it again.' },
  not_signed_in: { exit: 1, status: 401, hint: 'Run `authkit login`.' },
  refresh_uncertain: {
    exit: 3,
    status: 503,
    hint: 'Run it again. If the provider did use the refresh token, you will have to sign in again.',
  },

  // the isolation suite
  target_unreachable: { exit: 3, status: 502, hint: 'Start the server, or correct --url.' },
  target_refused: {
    exit: 2,
    status: 400,
    hint: 'The suite creates and deletes objects; add --yes to run it against a server that is not on this machine.',
  },

  // providers of identity
  provider_redirect_mismatch: {
    exit: 1,
    status: 400,
    hint: 'Register the callback at the provider exactly as it was printed; docs/providers.md says where.',
  },
  provider_scope_invalid: { exit: 1, status: 400, hint: 'Name the scopes that the provider knows with --scope.' },
  provider_scope_insufficient: { exit: 1, status: 403, hint: 'Sign in again, and grant what is asked for.' },
  provider_audience_invalid: { exit: 1, status: 400, hint: 'Correct --audience, or register the API at the provider.' },
  provider_permission_missing: {
    exit: 1,
    status: 502,
    hint: 'Give the application the permission where it is registered; docs/providers.md says where.',
  },
  provider_credentials_rejected: {
    exit: 1,
    status: 502,
    hint: 'Check --client-id, and AUTHKIT_CLIENT_SECRET if the application has a secret.',
  },
  provider_app_missing: { exit: 1, status: 502, hint: 'Check --client-id, or register the application again.' },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS
