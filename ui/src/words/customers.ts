/** What to call a customer. Pure. */

/** The name, or else the email, or else the id; blank ones are passed over. */
export function customerName(customer: { name?: string | null; email?: string | null; external_id: string }): string {
  const said = [customer.name, customer.email].find((text) => text && text.trim() !== '')
  return said?.trim() ?? customer.external_id
}

/** External ids out of a pasted text: parted by commas, semicolons or white space, each once. */
export function splitReferences(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))]
}

/**
 * What a search means within a filter: the beginning of a name, an address or an id, in the letters that were typed
 * and with a capital; or a tag. (Without a filter the API searches by itself.)
 */
export function searchWhere(q: string): object {
  const typed = q.trim()
  const spellings = [...new Set([typed, typed.toLowerCase(), typed.charAt(0).toUpperCase() + typed.slice(1).toLowerCase()])]
  const fields = ['customer_id', 'email', 'phone', 'first_name', 'last_name', 'name']
  return { $or: [...fields.flatMap((field) => spellings.map((text) => ({ [field]: { $startsWith: text } }))), { tags: typed }] }
}
