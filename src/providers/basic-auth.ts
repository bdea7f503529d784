/** The `Authorization` header of RFC 6749 2.3.1: both halves form-encoded, then Base64. */
export function basicAuth(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`
}

function formEncoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1)
}
