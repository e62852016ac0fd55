"""Who pays a loan back? Three tables, two of them also by common columns. Light: specs only."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.spec import TABLE, Field, FolderSource, SampleSource, Target, TaskSpec

__all__ = ["CREDIT", "GERMAN_CREDIT", "PAYER", "STATLOG_COST", "TASKS", "column"]

PAYER = Target(column="label", problem="binary", classes=("good", "bad"))
"""The rarer class comes second: it is the one that ROC and precision-recall curves are about."""
CREDIT = ("roc_auc", "gini", "ks", "average_precision", "f1_macro", "balanced_accuracy", "accuracy")
"""Gini and Kolmogorov-Smirnov are what scorecards are compared by (Siddiqi 2006)."""
STATLOG_COST = ((0.0, 1.0), (5.0, 0.0))
"""``[true, predicted]``, good before bad: who does not pay and is taken for good costs five times what a good payer who
is refused does (UCI, "Statlog (German Credit Data)", which asks for it; Michie et al. 1994)."""


def column(name: str, doc: str, unit: str = "") -> Field:
    """Return a field of a table."""
    return Field(name=name, signal=TABLE, doc=doc, unit=unit)


GERMAN_CREDIT = TaskSpec(
    name="german-credit",
    fields=(
        column("checking_status", "Balance of the checking account."),
        column("duration", "Duration of the loan.", "months"),
        column("credit_history", "How earlier loans were paid."),
        column("purpose", "What the money is for."),
        column("credit_amount", "Amount of the loan.", "DM"),
        column("savings", "Balance of the savings account or bonds."),
        column("employment", "Time in the present job."),
        column("installment_rate", "Instalment as a share of disposable income, coded 1 to 4."),
        column("personal_status", "Sex and marital status."),
        column("other_debtors", "Who else is liable."),
        column("residence_since", "Time at the present address, coded 1 to 4."),
        column("property", "Most valuable property."),
        column("age", "Age of the debtor.", "years"),
        column("other_installments", "Who else is paid in instalments."),
        column("housing", "Whether the home is owned, rented or free."),
        column("existing_credits", "Loans at this bank, this one included.", "loans"),
        column("job", "Skill level of the job."),
        column("dependents", "People that the debtor has to support.", "people"),
        column("telephone", "Whether a telephone is registered."),
        column("foreign_worker", "Whether the debtor is a foreign worker."),
    ),
    target=PAYER,
    sources=(FolderSource(name="german-credit"), SampleSource(target="modaxfer_finance.sample:german_credit")),
    metrics=(*CREDIT, "finance/statlog_cost"),
    primary="roc_auc",
    cost=STATLOG_COST,
    domain="finance",
    licence="CC-BY-4.0",
    summary="Will a debtor of a German bank of the 1970s pay? 30 % do not (Hofmann 1994, Statlog, UCI).",
    url="https://github.com/jbrownlee/Datasets",
)

_HOME_EQUITY = TaskSpec(
    name="home-equity",
    fields=(
        column("loan", "Amount of the loan.", "dollars"),
        column("mortdue", "Amount due on the existing mortgage.", "dollars"),
        column("value", "Value of the property.", "dollars"),
        column("reason", "DebtCon = to consolidate debts, HomeImp = to improve the home."),
        column("job", "Kind of work."),
        column("yoj", "Time in the present job.", "years"),
        column("derog", "Major derogatory reports.", "reports"),
        column("delinq", "Delinquent credit lines.", "credit lines"),
        column("clage", "Age of the oldest credit line.", "months"),
        column("ninq", "Recent credit inquiries.", "inquiries"),
        column("clno", "Number of credit lines.", "credit lines"),
        column("debtinc", "Debt as a share of income.", "percent"),
    ),
    target=PAYER,
    sources=(FolderSource(name="home-equity"), SampleSource(target="modaxfer_finance.sample:home_equity")),
    metrics=CREDIT,
    primary="roc_auc",
    domain="finance",
    licence="none stated",
    summary="Will a home equity loan be paid? 20 % are not; all fields but one have gaps (HMEQ, Baesens et al. 2016).",
    url="https://github.com/vidush-dixit/hmeq",
)

_LOAN_DEFAULT = TaskSpec(
    name="loan-default",
    fields=(
        column("person_age", "Age of the debtor.", "years"),
        column("person_income", "Income in a year.", "dollars"),
        column("person_home_ownership", "Whether the home is owned, mortgaged or rented."),
        column("person_emp_length", "Time in employment.", "years"),
        column("loan_intent", "What the money is for."),
        column("loan_grade", "Grade that the lender gave, A (best) to G."),
        column("loan_amnt", "Amount of the loan.", "dollars"),
        column("loan_int_rate", "Interest in a year.", "percent"),
        column("loan_percent_income", "Loan divided by the income of a year, 0 to 1."),
        column("cb_person_default_on_file", "Whether the credit bureau knows of an earlier default."),
        column("cb_person_cred_hist_length", "Length of the credit history.", "years"),
    ),
    target=PAYER,
    sources=(FolderSource(name="loan-default"), SampleSource(target="modaxfer_finance.sample:loan_default")),
    metrics=CREDIT,
    primary="roc_auc",
    domain="finance",
    licence="CC0-1.0",
    summary='Will a loan be paid? 22 % are not; looks simulated ("credit risk dataset", laotse).',
    url="https://github.com/robintux/Datasets4StackOverFlowQuestions",
)


def _common(whole: TaskSpec) -> TaskSpec:
    """Return what `whole` has in common with the other table of loans in dollars, by the same names."""
    reader = f"modaxfer_finance.loans:{whole.name.replace('-', '_')}"
    return replace(
        whole,
        name=f"{whole.name}-common",
        fields=(
            column("amount", "Amount of the loan.", "dollars"),
            column("purpose", "What the money is for."),
            column("years_employed", "Time in employment.", "years"),
            column("years_of_history", "Length of the credit history.", "years"),
            column("earlier_default", "Whether the credit bureau knows of an earlier default."),
        ),
        sources=(FolderSource(name=whole.name, reader=reader),),
        summary=f"The five columns that home-equity and loan-default have in common, of {whole.name}.",
    )


TASKS = (GERMAN_CREDIT, _HOME_EQUITY, _LOAN_DEFAULT, _common(_HOME_EQUITY), _common(_LOAN_DEFAULT))
"""All tasks on loans."""
