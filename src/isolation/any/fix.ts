/** The repair of a leak in an API that has no auth.ts. */

/** An object is served by its id alone. */
export const COMPARE_OWNER =
  'in the handler of this route, load the object together with its owner (WHERE id = ? AND owner_id = the caller) and answer 404 when nothing is found'

/** A list is not limited to its caller. */
export const FILTER_LIST =
  'in the query behind this list, filter by the caller, who comes from the credential and never from a parameter'

/** A route asks for no credential. */
export const REQUIRE_CREDENTIAL =
  'put the authentication in front of every route and name the open ones, rather than the other way round'
