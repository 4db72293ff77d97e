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
