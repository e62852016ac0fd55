"""Who pays a loan back? Three tables, two of them also by common columns. Light: specs only."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.spec import TABLE, Field, FolderSource, SampleSource, Target, TaskSpec

__all__ = ["TASKS"]

_PAYER = Target(column="label", problem="binary", classes=("good", "bad"))
"""The rarer class comes second: it is the one that ROC and precision-recall curves are about."""
_RARE = ("roc_auc", "average_precision", "f1_macro", "balanced_accuracy", "accuracy")


def _field(name: str, doc: str, unit: str = "") -> Field:
    return Field(name=name, signal=TABLE, doc=doc, unit=unit)


_GERMAN_CREDIT = TaskSpec(
    name="german-credit",
    fields=(
        _field("checking_status", "Balance of the checking account."),
        _field("duration", "Duration of the loan.", "months"),
        _field("credit_history", "How earlier loans were paid."),
        _field("purpose", "What the money is for."),
        _field("credit_amount", "Amount of the loan.", "DM"),
        _field("savings", "Balance of the savings account or bonds."),
        _field("employment", "Time in the present job."),
        _field("installment_rate", "Instalment as a share of disposable income, coded 1 to 4."),
        _field("personal_status", "Sex and marital status."),
        _field("other_debtors", "Who else is liable."),
        _field("residence_since", "Time at the present address, coded 1 to 4."),
        _field("property", "Most valuable property."),
        _field("age", "Age of the debtor.", "years"),
        _field("other_installments", "Who else is paid in instalments."),
        _field("housing", "Whether the home is owned, rented or free."),
        _field("existing_credits", "Loans at this bank, this one included.", "loans"),
        _field("job", "Skill level of the job."),
        _field("dependents", "People that the debtor has to support.", "people"),
        _field("telephone", "Whether a telephone is registered."),
        _field("foreign_worker", "Whether the debtor is a foreign worker."),
    ),
    target=_PAYER,
    sources=(FolderSource(name="german-credit"), SampleSource(target="modaxfer_finance.sample:german_credit")),
    metrics=_RARE,
    primary="roc_auc",
    domain="finance",
    licence="CC-BY-4.0",
    summary="Will a debtor of a German bank of the 1970s pay? 30 % do not (Hofmann 1994, Statlog, UCI).",
    url="https://github.com/jbrownlee/Datasets",
)

_HOME_EQUITY = TaskSpec(
    name="home-equity",
    fields=(
        _field("loan", "Amount of the loan.", "dollars"),
        _field("mortdue", "Amount due on the existing mortgage.", "dollars"),
        _field("value", "Value of the property.", "dollars"),
        _field("reason", "DebtCon = to consolidate debts, HomeImp = to improve the home."),
        _field("job", "Kind of work."),
        _field("yoj", "Time in the present job.", "years"),
        _field("derog", "Major derogatory reports.", "reports"),
        _field("delinq", "Delinquent credit lines.", "credit lines"),
        _field("clage", "Age of the oldest credit line.", "months"),
        _field("ninq", "Recent credit inquiries.", "inquiries"),
        _field("clno", "Number of credit lines.", "credit lines"),
        _field("debtinc", "Debt as a share of income.", "percent"),
    ),
    target=_PAYER,
    sources=(FolderSource(name="home-equity"), SampleSource(target="modaxfer_finance.sample:home_equity")),
    metrics=_RARE,
    primary="roc_auc",
    domain="finance",
    licence="none stated",
    summary="Will a home equity loan be paid? 20 % are not; all fields but one have gaps (HMEQ, Baesens et al. 2016).",
    url="https://github.com/vidush-dixit/hmeq",
)

_LOAN_DEFAULT = TaskSpec(
    name="loan-default",
    fields=(
        _field("person_age", "Age of the debtor.", "years"),
        _field("person_income", "Income in a year.", "dollars"),
        _field("person_home_ownership", "Whether the home is owned, mortgaged or rented."),
        _field("person_emp_length", "Time in employment.", "years"),
        _field("loan_intent", "What the money is for."),
        _field("loan_grade", "Grade that the lender gave, A (best) to G."),
        _field("loan_amnt", "Amount of the loan.", "dollars"),
        _field("loan_int_rate", "Interest in a year.", "percent"),
        _field("loan_percent_income", "Loan divided by the income of a year, 0 to 1."),
        _field("cb_person_default_on_file", "Whether the credit bureau knows of an earlier default."),
        _field("cb_person_cred_hist_length", "Length of the credit history.", "years"),
    ),
    target=_PAYER,
    sources=(FolderSource(name="loan-default"), SampleSource(target="modaxfer_finance.sample:loan_default")),
    metrics=_RARE,
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
            _field("amount", "Amount of the loan.", "dollars"),
            _field("purpose", "What the money is for."),
            _field("years_employed", "Time in employment.", "years"),
            _field("years_of_history", "Length of the credit history.", "years"),
            _field("earlier_default", "Whether the credit bureau knows of an earlier default."),
        ),
        sources=(FolderSource(name=whole.name, reader=reader),),
        summary=f"The five columns that home-equity and loan-default have in common, of {whole.name}.",
    )


TASKS = (_GERMAN_CREDIT, _HOME_EQUITY, _LOAN_DEFAULT, _common(_HOME_EQUITY), _common(_LOAN_DEFAULT))
"""All tasks on loans."""
