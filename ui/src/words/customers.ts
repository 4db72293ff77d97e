/** What to call a customer. Pure. */

/** The name, or else the email, or else the id; blank ones are passed over. */
export function customerName(customer: { name?: string | null; email?: string | null; external_id: string }): string {
  const said = [customer.name, customer.email].find((text) => text && text.trim() !== '')
  return said?.trim() ?? customer.external_id
}
