// Who is calling is decided, and that is all.
import { Auth, placeholderTokens } from 'authkit'

export const auth = new Auth().authenticate(placeholderTokens({ 'user1-token': 'user1', 'user2-token': 'user2' }))
