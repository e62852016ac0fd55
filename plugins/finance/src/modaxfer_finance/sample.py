"""Made-up samples of the finance tables, for trying things out: columns and codes of the real ones, values at random.

Which column counts for how much is invented, classes are balanced, and nobody in them exists. A score on a sample says
nothing about the real task. What people cannot choose, such as sex, race and origin, is drawn without any effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer_finance.draws import Choice, Number, balanced_tables

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["adult_income", "german_credit", "home_equity", "loan_default"]

_PAYER = ("good", "bad")


def german_credit(seed: int) -> dict[str, pa.Table]:
    """Return made-up debtors with the 20 columns of `german-credit`."""
    return balanced_tables(f"german credit {seed}", _GERMAN_CREDIT, _PAYER)


def home_equity(seed: int) -> dict[str, pa.Table]:
    """Return made-up loans with the twelve columns of `home-equity`, gaps included."""
    return balanced_tables(f"home equity {seed}", _HOME_EQUITY, _PAYER)


def loan_default(seed: int) -> dict[str, pa.Table]:
    """Return made-up loans with the eleven columns of `loan-default`."""
    return balanced_tables(f"loan default {seed}", _LOAN_DEFAULT, _PAYER)


def adult_income(seed: int) -> dict[str, pa.Table]:
    """Return made-up people with the 14 columns of `adult-income`."""
    return balanced_tables(f"adult income {seed}", _ADULT_INCOME, ("<=50K", ">50K"))


def _even(*names: str) -> Choice:
    return Choice(pulls=dict.fromkeys(names, 0.0))


_GERMAN_CREDIT = {
    "checking_status": Choice(pulls={"<0 DM": 2.5, "0-200 DM": 1.5, ">=200 DM": 0.5, "no checking account": 0.0}),
    "duration": Number(low=6, high=60, pull=2.5, step=6),
    "credit_history": Choice(pulls={"critical account": 1.5, "past delay": 1.0, "paid so far": 0.0, "no credits": 0.5}),
    "purpose": _even("radio tv", "furniture", "car new", "car used", "education", "business"),
    "credit_amount": Number(low=300, high=15000, pull=1.0),
    "savings": Choice(pulls={"<100 DM": 1.0, "100-500 DM": 0.5, "500-1000 DM": 0.0, "unknown": 0.0}),
    "employment": Choice(pulls={"unemployed": 1.0, "<1 year": 0.8, "1-4 years": 0.4, ">=7 years": 0.0}),
    "installment_rate": Number(low=1, high=4),
    "personal_status": _even("male single", "male married", "male divorced", "female not single"),
    "other_debtors": Choice(pulls={"none": 0.5, "guarantor": 0.0, "co-applicant": 0.5}),
    "residence_since": Number(low=1, high=4),
    "property": Choice(pulls={"real estate": 0.0, "car or other": 0.3, "none known": 0.6}),
    "age": Number(low=19, high=75),
    "other_installments": _even("none", "bank", "stores"),
    "housing": _even("own", "rent", "free"),
    "existing_credits": Number(low=1, high=4),
    "job": _even("skilled", "management", "unskilled resident"),
    "dependents": Number(low=1, high=2),
    "telephone": _even("yes", "none"),
    "foreign_worker": _even("yes", "no"),
}

_HOME_EQUITY = {
    "loan": Number(low=1500, high=60000, step=100),
    "mortdue": Number(low=5000, high=200000, gaps=0.08),
    "value": Number(low=20000, high=300000, gaps=0.03),
    "reason": Choice(pulls={"DebtCon": 0.0, "HomeImp": 0.3}, gaps=0.05),
    "job": Choice(
        pulls={"Office": 0.0, "ProfExe": 0.0, "Mgr": 0.2, "Self": 0.5, "Sales": 0.6, "Other": 0.3}, gaps=0.05
    ),
    "yoj": Number(low=0, high=30, pull=-0.5, gaps=0.08),
    "derog": Number(low=0, high=5, pull=1.5, gaps=0.1),
    "delinq": Number(low=0, high=6, pull=2.5, gaps=0.08),
    "clage": Number(low=10, high=400, pull=-1.0, step=0.1, gaps=0.05),
    "ninq": Number(low=0, high=8, pull=0.5, gaps=0.08),
    "clno": Number(low=1, high=50, gaps=0.03),
    "debtinc": Number(low=5, high=60, pull=2.5, step=0.01, gaps=0.1),
}

_LOAN_DEFAULT = {
    "person_age": Number(low=20, high=70),
    "person_income": Number(low=10000, high=150000, pull=-1.5, step=100),
    "person_home_ownership": Choice(pulls={"RENT": 1.0, "MORTGAGE": 0.0, "OWN": 0.0, "OTHER": 0.5}),
    "person_emp_length": Number(low=0, high=30, pull=-0.5, gaps=0.03),
    "loan_intent": _even("PERSONAL", "EDUCATION", "MEDICAL", "VENTURE", "DEBTCONSOLIDATION", "HOMEIMPROVEMENT"),
    "loan_grade": Choice(pulls={"A": 0.0, "B": 0.3, "C": 0.6, "D": 1.5, "E": 1.8, "F": 2.2, "G": 2.5}),
    "loan_amnt": Number(low=500, high=35000, step=100),
    "loan_int_rate": Number(low=5.5, high=22, step=0.01, gaps=0.1),
    "loan_percent_income": Number(low=0.01, high=0.8, pull=2.5, step=0.01),
    "cb_person_default_on_file": Choice(pulls={"N": 0.0, "Y": 0.8}),
    "cb_person_cred_hist_length": Number(low=2, high=30),
}

_ADULT_INCOME = {
    "age": Number(low=17, high=80, pull=1.0),
    "workclass": Choice(
        pulls={"Private": 0.0, "Self-emp-inc": 0.6, "Federal-gov": 0.3, "State-gov": 0.1, "Local-gov": 0.1}, gaps=0.05
    ),
    "fnlwgt": Number(low=20000, high=500000),
    "education": Choice(
        pulls={"11th": 0.0, "HS-grad": 0.4, "Some-college": 0.7, "Bachelors": 1.4, "Masters": 1.8, "Doctorate": 2.2}
    ),
    "education_num": Number(low=1, high=16, pull=1.5),
    "marital_status": _even("Never-married", "Married-civ-spouse", "Divorced", "Separated", "Widowed"),
    "occupation": Choice(
        pulls={"Exec-managerial": 1.4, "Prof-specialty": 1.2, "Tech-support": 0.7, "Sales": 0.5, "Craft-repair": 0.3,
               "Adm-clerical": 0.2, "Other-service": 0.0},
        gaps=0.05,
    ),
    "relationship": _even("Husband", "Wife", "Own-child", "Not-in-family", "Unmarried"),
    "race": _even("White", "Black", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other"),
    "sex": _even("Male", "Female"),
    "capital_gain": Number(low=0, high=20000, pull=1.5),
    "capital_loss": Number(low=0, high=2500),
    "hours_per_week": Number(low=10, high=80, pull=1.5),
    "native_country": _even("United-States", "Mexico", "Philippines", "Germany", "Canada"),
}  # fmt: skip
