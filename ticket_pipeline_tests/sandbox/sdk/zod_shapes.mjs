// The packages' own zod schemas (schemas.mjs) describe what the *SDK hands to its caller*, not the wire: `_id` for
// `id`, Date for a timestamp, one string for a page address or an image, an unwrapped entity for Get, Create and
// Update. So a raw body is first brought into that shape, guided by the schema and by the SDK's own transformations,
// then parsed. Unknown keys are not zod's business here (its objects strip them): rest_types.mjs reports those.
import { RESTResponseToSDKResponseRenameMap as RENAMED } from "@wix/sdk-runtime/constants";
import { transformRESTAddressToSDKAddress } from "@wix/sdk-runtime/transformations/address";
import { transformRESTImageToSDKImage } from "@wix/sdk-runtime/transformations/image";
import { transformRESTPageURLToSDKPageURL } from "@wix/sdk-runtime/transformations/page-url";
import { transformRESTTimestampToSDKTimestamp } from "@wix/sdk-runtime/transformations/timestamp";

const UNWRAPPED = /^(Get|Create|Update)(?!EventBySlug)/;

/** @returns {string[]} what zod objects to; empty when nothing */
export function zodFindings(schema, responseName, body) {
  const entity = UNWRAPPED.test(responseName) ? Object.values(body)[0] : body;
  const result = schema.safeParse(sdkShape(schema, entity));
  return result.success
    ? []
    : result.error.issues.map((issue) => `.${issue.path.join(".")}: ${issue.message}`);
}

function sdkShape(schema, value) {
  const { type, innerType, element, shape, valueType } = schema.def;
  if (value === null || value === undefined) return value;
  switch (type) {
    case "optional":
    case "nullable":
      return sdkShape(innerType, value);
    case "date":
      return transformRESTTimestampToSDKTimestamp(value);
    case "string":
      return typeof value === "object"
        ? "base" in value
          ? transformRESTPageURLToSDKPageURL(value)
          : transformRESTImageToSDKImage(value)
        : value;
    case "array":
      return Array.isArray(value) ? value.map((item) => sdkShape(element, item)) : value;
    case "record":
      return mapped(value, (item) => sdkShape(valueType, item));
    case "object":
      return typeof value === "object" ? objectShape(shape, value) : value;
    case "intersection":
      return intersectionShape(schema.def, value);
    default:
      return value;
  }
}

function objectShape(shape, value) {
  const source = "addressLine1" in shape ? transformRESTAddressToSDKAddress(value) : value;
  return Object.fromEntries(
    Object.entries(source).map(([key, item]) => {
      const name = key in shape ? key : (RENAMED[key] ?? key);
      return [name, name in shape ? sdkShape(shape[name], item) : item];
    }),
  );
}

// An object of common fields with an either-or beside it (PricingMethod): whichever alternative allows a key shapes it.
function intersectionShape({ left, right }, value) {
  const known = Object.assign(
    {},
    left.def.shape,
    ...right.def.options.map(({ def }) => withoutNever(def.shape)),
  );
  return objectShape(known, value);
}

function withoutNever(shape) {
  return Object.fromEntries(
    Object.entries(shape).filter(([, { def }]) => (def.innerType ?? { def }).def.type !== "never"),
  );
}

function mapped(value, convert) {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}
