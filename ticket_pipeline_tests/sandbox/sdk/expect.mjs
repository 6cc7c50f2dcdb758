// Small claims about answers. Each throws an Error whose message is the finding.

export function claim(holds, finding) {
  if (!holds) throw new Error(finding);
}

export function claimSameIds(found, expected, what) {
  const missing = expected.filter((id) => !found.includes(id));
  const surplus = found.filter((id) => !expected.includes(id));
  claim(
    !missing.length && !surplus.length && found.length === expected.length,
    `${what}: ${found.length} for ${expected.length}; missing ${missing.slice(0, 3)}; surplus ${surplus.slice(0, 3)}`,
  );
}

export function claimOrdered(values, compare, what) {
  const at = values.findIndex((value, index) => index > 0 && compare(values[index - 1], value) > 0);
  claim(at === -1, `${what}: ${values[at - 1]} stands before ${values[at]}`);
}

/** The call must be refused with `status` (and application code or violated field); the SDK must have understood why. */
export async function claimRefused(gateway, call, { status, code, field }) {
  const mark = gateway.marked();
  let error = null;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  const answer = gateway.since(mark).at(-1);
  claim(answer, `nothing was sent: ${error?.message}`);
  claim(
    answer.status === status,
    `answered ${answer.status} in place of ${status}: ${answer.text.slice(0, 200)}`,
  );
  claim(error, "the SDK did not notice the refusal");
  const { applicationError, validationError } = answer.body?.details ?? {};
  if (code) {
    claim(applicationError?.code === code, `application code ${applicationError?.code} in place of ${code}`);
    claim(
      error.details?.applicationError?.code === code,
      `the SDK understood ${JSON.stringify(error.details)}`,
    );
  }
  if (field) {
    const fields = validationError?.fieldViolations?.map((violation) => violation.field) ?? [];
    claim(
      fields.includes(field),
      `violated fields [${fields}] do not include ${field}: ${answer.text.slice(0, 200)}`,
    );
    claim(
      error.details?.validationError?.fieldViolations?.length,
      `the SDK understood ${JSON.stringify(error.details)}`,
    );
  }
  return `${status} ${applicationError?.code ?? validationError?.fieldViolations?.map((violation) => violation.field) ?? ""}`.trim();
}

/** Every item of a query, page after page, by the SDK's own iterator. */
export async function everything(query) {
  const pages = [];
  for (let page = await query.find(); ; page = await page.next()) {
    pages.push(page.items);
    claim(pages.length <= 500, "paging does not end");
    if (!page.hasNext()) break;
  }
  return { items: pages.flat(), pages: pages.length };
}

export const ids = (items) => items.map((item) => item._id);

/** A page size that Wix allows and that makes several pages of `total`. */
export const smallPage = (total) => Math.min(100, Math.max(1, Math.floor(total / 4)));
