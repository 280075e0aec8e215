"""The environments: logic, mathematics, code, software engineering, tools, judged and music."""
