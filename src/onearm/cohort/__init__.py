"""Who counts and from when: Records and Protocol to an AnalysisSet with its attrition."""
