/** An amount of money: a whole number of cents, as text. */
export type Money = { readonly amount: string; readonly currency: 'USD' };

/** The most that a session may cost at list prices. The request that crosses it is still completed. */
export type Budget = { readonly type: 'limit'; readonly max_list_cost: Money };
