// The control token comes in the address's fragment, which browsers send to nobody. It is taken out of the address at
// once, so that a shared screen or a copied address does not give it away, and kept as long as the tab.

const KEY = 'commonweight-control'

export function takeToken(): string | undefined {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const given = fragment.get('token')
  try {
    if (given !== null) {
      sessionStorage.setItem(KEY, given)
      history.replaceState(null, '', location.pathname + location.search)
    }
    return given ?? sessionStorage.getItem(KEY) ?? undefined
  } catch {
    return given ?? undefined // Storage is forbidden: the address keeps the token.
  }
}
