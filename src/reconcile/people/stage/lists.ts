import sql, { type Sql } from "sql-template-tag";
import { literal } from "../../../store/sql.ts";

/** Lists are staged as one text: this joins their items, and `partSeparator` the parts of an item. Intake lets neither into a value. */
export const itemSeparator = "\u001f";
export const partSeparator = "\u001e";

/** SQL: the items of a staged list, as an array of texts. */
export const items = (list: Sql): Sql => sql`string_to_array(${list}, chr(31))`;

/** SQL: a part of an item, as a text. The first part has the number 1. */
export const part = (item: Sql, number: number): Sql => sql`split_part(${item}, chr(30), ${literal(number)})`;

/** SQL condition: a staged list has more than one item. */
export const hasSeveralItems = (list: Sql): Sql => sql`strpos(${list}, chr(31)) > 0`;
