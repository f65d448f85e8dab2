/**
 * The name of a handler without one: the class with its first letter lowered, and the method if marked.
 * `SendMail` → `"sendMail"`, `MailTasks.welcome` → `"mailTasks.welcome"`. The generator uses the same rule.
 */
export function defaultName(className: string, method?: string): string {
  const name = className.charAt(0).toLowerCase() + className.slice(1);
  return method === undefined ? name : `${name}.${method}`;
}
